"""Whether the addresses that a run needs are free, asked before anything starts.

gRPC binds with SO_REUSEPORT: a second server on a taken port would start, and the kernel would
deal the calls between the two. So nobody else finds this out for us.
"""

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from meshdoctor.lab.errors import LabError


class PortTaken(LabError):  # noqa: N818 - reads as what it says
    """At least one address cannot be had; one line for each."""


@dataclass(frozen=True, slots=True)
class Need:
    """An address to listen on, and the setting that moves it."""

    host: str
    port: int
    setting: str
    udp: bool = False


def require_free(needs: Iterable[Need]) -> None:
    """Try to bind each address.

    Raises:
        PortTaken: naming every address that cannot be had, with its setting.
    """
    lines = [line for need in needs if (line := _problem(need))]
    if lines:
        raise PortTaken("\n".join(lines))


def _problem(need: Need) -> str:
    kind = socket.SOCK_DGRAM if need.udp else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if not need.udp:
            # Connections of the run before may still be in TIME_WAIT; they are in nobody's way.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((need.host, need.port))
        except OSError as error:
            return _sentence(need, error)
    return ""


def _sentence(need: Need, error: OSError) -> str:
    port = f"port {need.port}{'/udp' if need.udp else ''} on {need.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{port} is taken; stop what listens there or set {need.setting}"
    return f"{port} cannot be used: {error.strerror}; set {need.setting} to another"
