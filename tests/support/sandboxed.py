"""Run a command in the lab's sandbox: `python -m tests.support.sandboxed COMMAND...`."""

import sys

from meshdoctor.lab.cluster import registry
from meshdoctor.lab.net.needs import environment
from meshdoctor.lab.net.sandbox import enter
from meshdoctor.lab.settings import LabSettings

if __name__ == "__main__":
    sys.exit(enter(sys.argv[1:], environment(LabSettings().cache, registry.NEEDS)))
