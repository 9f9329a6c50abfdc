"""What kube-proxy says of itself: `GET /healthz`, 200 or 503 (kube-proxy's healthcheck server)."""

import asyncio
import re
from typing import Final

from meshdoctor.agent.probes.trial import ToldError, connected
from meshdoctor.probes.mesh.evidence import Answer

_LONGEST: Final = 1024
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_WELL, _UNWELL = 200, 503


async def read_healthz(address: str) -> None:
    """Ask kube-proxy how it is.

    Args:
        address: `host:port` of its health.

    Raises:
        ToldError: it is not well, or somebody else is there.
        OSError: no connection came about, or it broke.
        EOFError: the other side hung up.
    """
    async with connected(address) as connection:
        loop = asyncio.get_running_loop()
        request = f"GET /healthz HTTP/1.0\r\nHost: {address}\r\n\r\n"
        await loop.sock_sendall(connection, request.encode())
        heard = bytearray()
        while b"\n" not in heard and len(heard) < _LONGEST:
            piece = await loop.sock_recv(connection, _LONGEST)
            if not piece:
                raise EOFError("it hung up without an answer")
            heard += piece
    status = _STATUS.match(heard)
    if status is None:
        raise ToldError(Answer.ODD, "it speaks no HTTP")
    if (code := int(status[1])) != _WELL:
        answer = Answer.NOT_SERVING if code == _UNWELL else Answer.ODD
        raise ToldError(answer, f"kube-proxy's health says {code}")
