"""One try of one probe: what came of it, whatever happened."""

import asyncio
import errno
import os
import socket
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from meshdoctor.probes.mesh.evidence import Answer

_NO_WAY: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPERM, errno.EACCES})
_LONGEST_WORDS: Final = 160


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one try.

    Attributes:
        answer: what came back.
        seconds: that it took.
        words: of the other side, or of the kernel, when it is not OK.
    """

    answer: Answer
    seconds: float
    words: str = ""


class ToldError(Exception):
    """The other side answered, and not with what was wanted.

    Attributes:
        answer: which.
    """

    def __init__(self, answer: Answer, words: str) -> None:
        self.answer = answer
        super().__init__(words)


async def tried(work: Coroutine[Any, Any, None], seconds: float) -> Trial:
    """Do some work and say what came of it; never raise.

    Args:
        work: that returns when all is well, and raises `ToldError`, `OSError` or `EOFError`
            otherwise.
        seconds: that it may take.
    """
    begun = time.perf_counter()
    answer, words = await _outcome(work, seconds)
    return Trial(answer, time.perf_counter() - begun, _plain(words))


async def _outcome(work: Coroutine[Any, Any, None], seconds: float) -> tuple[Answer, str]:
    try:
        async with asyncio.timeout(seconds):
            await work
    except ToldError as told:
        return told.answer, str(told)
    except TimeoutError:
        return Answer.SILENT, f"no answer within {seconds:g} s"
    except (OSError, EOFError) as error:
        return _broken(error), _words(error)
    except Exception as error:  # noqa: BLE001 - strangers find ways that libraries did not think of
        return Answer.ODD, f"what it says cannot be read: {error!r}"
    return Answer.OK, ""


def _broken(error: OSError | EOFError) -> Answer:
    if isinstance(error, ConnectionRefusedError):
        return Answer.REFUSED
    if isinstance(error, ConnectionError | EOFError):
        return Answer.LOST
    return Answer.REFUSED if error.errno in _NO_WAY else Answer.ODD


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[socket.socket]:
    """Have a TCP connection for a while.

    Args:
        address: `host:port` with an IP address.

    Raises:
        OSError: there is none to be had.
    """
    host, port = split(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(connection, (host, port))
        yield connection


def split(address: str) -> tuple[str, int]:
    """Take `host:port` or `[host]:port` apart.

    Args:
        address: with a port.
    """
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)  # asyncio puts words of its own in the kernel's place
    return str(error) or "it broke off"


def _plain(words: str) -> str:
    """Make words of strangers fit into a line of a log."""
    printable = "".join(one if one.isprintable() else "?" for one in words)
    return printable[:_LONGEST_WORDS]
