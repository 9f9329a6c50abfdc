"""The command `meshdoctor`, also as `python -m meshdoctor`."""

import sys
from typing import Final

_NEEDED: Final = frozenset({"typer", "rich", "urllib3", "yaml"})
_EXIT_USAGE: Final = 3
_INTERRUPTED: Final = 130


def main() -> int:
    """Run the command; what it needs is an extra, so that services are installed without it."""
    try:
        from meshdoctor.cli import run  # noqa: PLC0415 - only after it is known to be there
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        sys.stderr.write("The command needs its extra: pip install 'meshdoctor[cli]'\n")
        return _EXIT_USAGE
    except KeyboardInterrupt:  # loading takes some time on a busy machine
        return _INTERRUPTED
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
