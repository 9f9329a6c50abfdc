"""Programs that a run can use but does not need: on PATH, in the cache, or fetched from Debian.

`python -m meshdoctor.lab.packages [--cache DIR] prometheus promtool alertmanager amtool kustomize`

prints `NAME=PATH` for each program and exits 0, or says in one line why they are not to be had and
exits 1. What was fetched once stays in the cache; delete the folder to fetch anew.
"""

import argparse
import fcntl
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from meshdoctor.lab.aptget import AptError, Deadline, download, unpack
from meshdoctor.lab.debian import source

PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "kustomize": "kustomize",
}
_SUITES = {"kustomize": "trixie"}  # packages that older releases of Debian lack
_OTHER_NAMES = {"alertmanager": "prometheus-alertmanager"}  # as Debian calls the program
_PARTIAL = ".partial-"
_SECONDS = 60.0


def locate(name: str, cache: Path) -> Path | None:
    """Find a program without fetching anything.

    Args:
        name: a key of `PACKAGES`.
        cache: the cache folder.

    Returns:
        Its path, from PATH if it is there, else from the cache; None when it is in neither.
    """
    names = (name, _OTHER_NAMES.get(name, name))
    for found in filter(None, map(shutil.which, names)):
        return Path(found)
    for candidate in (cache / PACKAGES[name] / "usr/bin" / each for each in names):
        if candidate.is_file():
            return candidate
    return None


def fetch(names: Iterable[str], cache: Path, deadline: Deadline, sources: Path | None) -> None:
    """Fetch what `locate` does not find. Two runs at once are well: the second finds the first's.

    Args:
        names: keys of `PACKAGES`.
        cache: the cache folder; it is made.
        deadline: when to give up.
        sources: a sources.list in place of this machine's own, and of Debian's newer suites.

    Raises:
        AptError: they are not to be had, and why.
        OSError: the cache cannot be written.
    """
    if all(locate(name, cache) for name in names):
        return
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / ".lock", deadline):
        missing = sorted({PACKAGES[name] for name in names if not locate(name, cache)})
        for leftover in cache.glob(f"{_PARTIAL}*"):
            shutil.rmtree(leftover)
        with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=cache) as partial:
            for suite in sorted({_SUITES.get(package, "") for package in missing}):
                room = Path(tempfile.mkdtemp(dir=partial))
                wanted = [package for package in missing if _SUITES.get(package, "") == suite]
                debs = download(wanted, room, deadline, sources or _sources(room, suite))
                for package, deb in debs.items():
                    unpack(deb, room / package, deadline)
                    # A rename, so that a folder in the cache is always whole.
                    (room / package).rename(cache / package)


def _sources(folder: Path, suite: str) -> Path | None:
    """Name a suite for apt; None leaves it to the machine's own sources."""
    if not suite or not shutil.which("apt-get"):  # the download says that better
        return None
    path = folder / "suite.list"
    path.write_text(source(suite), "utf-8")
    return path


@contextmanager
def _locked(path: Path, deadline: Deadline) -> Iterator[None]:
    with path.open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                deadline.left("another run is fetching them still")
                time.sleep(0.1)
        yield


def main() -> None:
    """Fetch, print and exit as the module's docstring says."""
    options = _options()
    # An exception, so that partial files are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cache = options.cache.expanduser()
    try:
        fetch(options.names, cache, Deadline(options.seconds), options.sources)
    except (AptError, OSError, RuntimeError) as error:
        print(f"{' and '.join(options.names)} cannot be had here: {error}", file=sys.stderr)
        sys.exit(1)
    for name in options.names:
        print(f"{name}={locate(name, cache)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m meshdoctor.lab.packages", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("names", nargs="+", choices=sorted(PACKAGES), metavar="NAME")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/meshdoctor"), metavar="DIR")
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="when to give up")
    parser.add_argument("--sources", type=Path, metavar="FILE", help="a sources.list to use")
    return parser.parse_args()


if __name__ == "__main__":
    main()
