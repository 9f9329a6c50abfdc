"""`python -m meshdoctor.lab.net`: what runs inside the sandbox (see `cli.py`)."""

import sys

from meshdoctor.lab.net.cli import main

if __name__ == "__main__":
    sys.exit(main())
