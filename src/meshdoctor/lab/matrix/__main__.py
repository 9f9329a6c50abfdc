"""`python -m meshdoctor.lab.matrix`: what runs inside the sandbox (see `cli.py`)."""

import sys

from meshdoctor.lab.matrix.cli import main

if __name__ == "__main__":
    sys.exit(main())
