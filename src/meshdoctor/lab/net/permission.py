"""Whether this machine lets the lab make namespaces, and what to change where it does not."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from meshdoctor.lab.errors import LabError

_ADMIN = (1 << 12) | (1 << 21)  # CAP_NET_ADMIN, CAP_SYS_ADMIN (capabilities(7))
_SETTINGS = {
    # The value that forbids, and one that allows.
    "kernel.unprivileged_userns_clone": ("0", "1"),
    "user.max_user_namespaces": ("0", "15000"),
    "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),
}
_SYSCTLS = Path("/proc/sys")


class Forbidden(LabError):  # noqa: N818 - reads as what it says
    """The lab may not make its namespaces; the text says what to change."""


def privileged(status: str | None = None) -> bool:
    """Say whether this process may make namespaces of every kind without a user namespace.

    Root inside a container often may not: capabilities count, not the user's number.

    Args:
        status: text of /proc/PID/status; None means this process's own.
    """
    text = Path("/proc/self/status").read_text("utf-8") if status is None else status
    (held,) = (int(line.split()[1], 16) for line in text.splitlines() if line[:7] == "CapEff:")
    return held & _ADMIN == _ADMIN


def require(command: tuple[str, ...]) -> None:
    """Try it: make the namespaces, run nothing in them.

    Args:
        command: the `unshare` command, without what it is to run.

    Raises:
        Forbidden: it does not work.
    """
    try:
        done = subprocess.run((*command, "true"), capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Forbidden("the lab needs `unshare` of util-linux: install it") from error
    if done.returncode:
        raise Forbidden(reason(_settings(), done.stderr))


def reason(settings: Mapping[str, str], said: str) -> str:
    """Say why in one line.

    Args:
        settings: sysctl names and values, as far as this kernel has them.
        said: what `unshare` printed.
    """
    for name, (forbids, allows) in _SETTINGS.items():
        if settings.get(name) == forbids:
            return (
                f"the lab may not make namespaces here, because {name} is {forbids}: "
                f"as root run `sysctl -w {name}={allows}`, or run the lab as root"
            )
    last = (said.strip().splitlines() or ["unshare failed without a word"])[-1]
    return f"the lab may not make namespaces here ({last}): run it as root, outside of a container"


def _settings() -> dict[str, str]:
    paths = {name: _SYSCTLS / name.replace(".", "/") for name in _SETTINGS}
    return {name: path.read_text().strip() for name, path in paths.items() if path.is_file()}
