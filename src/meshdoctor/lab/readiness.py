"""Whether something answers at an address, asked the way its users ask."""

import http.client
import socket
from urllib.parse import urlsplit

from meshdoctor.lab.http import get

_TIMEOUT_SECONDS = 1.0


def answers(url: str) -> bool:
    """Ask once.

    Args:
        url: `http://...`, or `tcp://host:port` for a bare connection.

    Returns:
        Whether it answered 2xx, or accepted the connection, within a second.
    """
    try:
        if url.startswith("tcp://"):
            address = urlsplit(url)
            endpoint = (address.hostname or "", address.port or 0)
            socket.create_connection(endpoint, _TIMEOUT_SECONDS).close()
        else:
            get(url, _TIMEOUT_SECONDS)
    except (OSError, http.client.HTTPException):
        return False
    return True
