"""`python -m meshdoctor.lab.cluster`: what runs inside the sandbox (see `inside.py`)."""

import sys

from meshdoctor.lab.cluster.inside import main

if __name__ == "__main__":
    sys.exit(main())
