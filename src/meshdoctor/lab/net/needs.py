"""The programs that the sandbox needs, and an environment in which they are found.

`ip` and `bridge` of iproute2, `nft` of nftables, and `nsd`: of the machine where it has them, else
of Debian's packages, unpacked into the cache without root.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from meshdoctor.lab.aptget import AptError, Deadline
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.packages import PACKAGES, fetch, locate, search_path

PROGRAMS = ("ip", "bridge", "nft", "nsd")
_SECONDS = 60.0


def environment(cache: Path, more: Sequence[str] = ()) -> Mapping[str, str]:
    """Return this process's environment with the programs on its PATH, fetching what is missing.

    Args:
        cache: the cache folder.
        more: programs that are wanted beside `PROGRAMS`.

    Raises:
        LabError: they are not to be had here.
    """
    cache, wanted = cache.expanduser(), (*PROGRAMS, *more)
    try:
        fetch(wanted, cache, Deadline(_SECONDS), None)
    except (AptError, OSError) as error:
        missing = sorted({PACKAGES[each] for each in wanted if not locate(each, cache)})
        raise LabError(f"the lab's network needs {', '.join(missing)}: {error}") from error
    found = [path for each in PROGRAMS if (path := locate(each, cache))]
    fetched = {path.relative_to(cache).parts[0] for path in found if path.is_relative_to(cache)}
    libraries = [str(each) for name in fetched for each in (cache / name).glob("usr/lib/*-*-*")]
    if before := os.environ.get("LD_LIBRARY_PATH"):
        libraries.append(before)
    folders = dict.fromkeys(str(each.parent) for each in found)
    return {
        **os.environ,
        "PATH": os.pathsep.join((*folders, search_path())),
        **({"LD_LIBRARY_PATH": os.pathsep.join(libraries)} if libraries else {}),
    }
