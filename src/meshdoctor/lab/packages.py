"""Programs that a run can use but does not need: on PATH, in the cache, or fetched from Debian.

`python -m meshdoctor.lab.packages [--cache DIR] NAME...`, with the names of `PACKAGES`,

prints `NAME=PATH` for each program and exits 0, or says in one line why they are not to be had and
exits 1. What was fetched once stays in the cache; delete the folder to fetch anew.
"""

import argparse
import fcntl
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from meshdoctor.lab.aptget import AptError, Deadline, download, download_with_needs, unpack
from meshdoctor.lab.debian import source

PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "kustomize": "kustomize",
    "kubectl": "kubectl",
    "ip": "iproute2",
    "bridge": "iproute2",
    "nft": "nftables",
    "nsd": "nsd",
    "docker-registry": "docker-registry",
}
_NEEDY = {"iproute2", "nftables", "nsd"}  # their libraries may be missing, too
# Packages that older releases of Debian lack.
_SUITES = {"kustomize": "trixie", "kubectl": "trixie"}
# On PATH they may be years old, or choose another version by the server that they talk to.
_NEVER_ON_PATH = {"kubectl"}
_OTHER_NAMES = {"alertmanager": "prometheus-alertmanager"}  # as Debian calls the program
_BINARIES = ("usr/bin", "usr/sbin", "bin", "sbin")
_PARTIAL = ".partial-"
_SECONDS = 60.0


def locate(name: str, cache: Path) -> Path | None:
    """Find a program without fetching anything.

    Args:
        name: a key of `PACKAGES`.
        cache: the cache folder.

    Returns:
        Its path, from PATH if it is there and may be, else from the cache; None when in neither.
    """
    names = (name, _OTHER_NAMES.get(name, name))
    on_path = () if name in _NEVER_ON_PATH else names
    for found in filter(None, (shutil.which(each, path=search_path()) for each in on_path)):
        return Path(found)
    for candidate in (cache / PACKAGES[name] / room / each for room in _BINARIES for each in names):
        if candidate.is_file():
            return candidate
    return None


def search_path() -> str:
    """Return PATH with the folders of the administrator's programs, which users' own may lack."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


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
            for suite, wanted in _errands(missing):
                room = Path(tempfile.mkdtemp(dir=partial))
                debs = _download(wanted, room, deadline, sources or _sources(room, suite))
                for package, files in debs.items():
                    for deb in files:
                        unpack(deb, room / package, deadline)
                    # A rename, so that a folder in the cache is always whole.
                    (room / package).rename(cache / package)


def _errands(missing: list[str]) -> Iterator[tuple[str, list[str]]]:
    """What is fetched at once: by suite, and alone where it may bring others along."""
    for suite in sorted({_SUITES.get(package, "") for package in missing} - {""}):
        yield suite, [package for package in missing if _SUITES.get(package) == suite]
    if plain := [package for package in missing if package not in {*_SUITES, *_NEEDY}]:
        yield "", plain
    yield from (("", [package]) for package in missing if package in _NEEDY)


def _download(
    wanted: list[str], room: Path, deadline: Deadline, sources: Path | None
) -> Mapping[str, Sequence[Path]]:
    if set(wanted) <= _NEEDY:
        return {each: download_with_needs(each, room, deadline, sources) for each in wanted}
    debs = download(wanted, room, deadline, sources)
    return {package: [deb] for package, deb in debs.items()}


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
