"""Do 6 kB come back? More than one packet of any size in use, so that a hole in the MTU shows.

A few bytes go first on the same connection. Where even these do not come back it is not the size:
the neighbour accepts connections and does nothing with them.
"""

import asyncio
import os
import socket
from typing import Final

from meshdoctor.agent.probes.trial import ToldError, connected
from meshdoctor.probes.mesh.evidence import PROBE_SECONDS, Answer

LARGE_BYTES: Final = 6000
_SMALL_BYTES: Final = 16
_SMALL_SECONDS: Final = PROBE_SECONDS / 2


async def say_back(address: str) -> None:
    """Have a little and then much said back.

    Args:
        address: `host:port` of an agent.

    Raises:
        ToldError: not even a little came back, or something else than what was said.
        OSError: no connection came about, or it broke.
        EOFError: the other side hung up before it was done.
    """
    async with connected(address) as connection:
        try:
            async with asyncio.timeout(_SMALL_SECONDS):
                await _echo(connection, os.urandom(_SMALL_BYTES))
        except TimeoutError as error:
            words = "it accepts connections and says nothing, not even to a few bytes"
            raise ToldError(Answer.NOT_SERVING, words) from error
        await _echo(connection, os.urandom(LARGE_BYTES))


async def _echo(connection: socket.socket, said: bytes) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, said)
    heard = bytearray()
    while len(heard) < len(said):
        piece = await loop.sock_recv(connection, len(said) - len(heard))
        if not piece:
            raise EOFError(f"it hung up after {len(heard)} of {len(said)} bytes")
        heard += piece
    if heard != said:
        raise ToldError(Answer.ODD, "it says something else back")
