"""`python -m meshdoctor.lab.cluster`: what runs inside the sandbox (see `cli.py`)."""

import sys

from meshdoctor.lab.cluster.cli import main

if __name__ == "__main__":
    sys.exit(main())
