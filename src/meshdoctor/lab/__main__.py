"""`python -m meshdoctor.lab`."""

import sys

from meshdoctor.lab.cli import main

if __name__ == "__main__":
    sys.exit(main())
