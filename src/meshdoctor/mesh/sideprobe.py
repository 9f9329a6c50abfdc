"""Asked when a failed call cannot tell: is it DNS, the path, or the process behind it?"""

import socket
from collections.abc import Callable
from typing import Final

from meshdoctor.mesh.resolver import Resolver
from meshdoctor.mesh.target import Target

_CONNECT_SECONDS: Final = 0.3
_ADDRESSES: Final = 3


Greets = Callable[[socket.socket], bool]
"""Goes through a handshake on a fresh connection; says whether the peer did, too."""


def side_probe(resolver: Resolver, text: str, greets: Greets | None = None) -> str | None:
    """Look at a target in the order of the layers; take at most about three seconds.

    Args:
        resolver: how to look names up.
        text: the call's target, `host:port`, or a single backend's `ip:port`.
        greets: how to begin a conversation, `ClientTls.greets`; None only connects.

    Returns:
        A code of `faults.CAUSES`; None when the name resolves and every address takes connections.

    Raises:
        ValueError: the target is none that can be looked at, such as `unix:`.
    """
    target = Target.parse(text)
    addresses: tuple[str, ...] = (target.host,)
    if not target.is_address:
        answer = resolver.lookup(target.host)
        if answer.cause is not None:
            return answer.cause
        addresses = answer.addresses[:_ADDRESSES]
    causes = (_connect(address, target.port, greets) for address in addresses)
    return next((cause for cause in causes if cause is not None), None)


def _connect(address: str, port: int, greets: Greets | None) -> str | None:
    try:
        with socket.create_connection((address, port), _CONNECT_SECONDS) as connection:
            if greets is not None and not greets(connection):
                return "tls-handshake"
    except ConnectionRefusedError:
        return "connect-refused"
    except OSError:
        return "connect-timeout"
    return None
