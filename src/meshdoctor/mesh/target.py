"""What a client wants to reach: a name and a port, or addresses."""

import ipaddress
import re
from dataclasses import dataclass

_TARGET = re.compile(r"(?:dns:///)?(?:\[([^\[\]]*:[^\[\]]*)\]|([^\[\]:]*)):([0-9]{1,5})")
_PORTS = range(1, 65536)
_NAME = re.compile(r"(?!-)(?=.{1,254}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed target.

    Attributes:
        host: a DNS name (with a trailing dot: absolute) or an IP address.
        port: TCP port.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read `host:port` or `[ipv6]:port`, with or without a leading `dns:///`.

        Raises:
            ValueError: saying what was expected.
        """
        found = _TARGET.fullmatch(text)
        if found is None or int(found[3]) not in _PORTS:
            raise ValueError(f"expected host:port with a port from 1 to 65535, found {text!r}")
        host = found[1] or found[2]
        if not is_address(host) and _NAME.fullmatch(host) is None:
            raise ValueError(
                f"expected a DNS name or an IP address before the port, found {text!r}"
            )
        return cls(host, int(found[3]))

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address, which needs no lookup."""
        return is_address(self.host)

    def at(self, address: str) -> str:
        """Return `address` with this target's port, in gRPC's form."""
        return f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"


def is_address(text: str) -> bool:
    """Tell whether `text` is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
