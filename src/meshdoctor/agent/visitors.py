"""The door of what the agent serves: so many at once, each for so long, all of it given back."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


class Visitors:
    """Those who are in.

    Args:
        most: at once; who comes when there are as many is sent away.
        seconds: that each may take.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._open = 0

    async def receive(
        self, writer: asyncio.StreamWriter, talk: Callable[[], Awaitable[None]]
    ) -> None:
        """Talk with one, who may go, dawdle or talk for too long.

        Args:
            writer: the way to the visitor; it is closed whatever happens.
            talk: all that is said.
        """
        if self._open >= self._most:
            writer.transport.abort()
            return
        self._open += 1
        try:
            with suppress(OSError, EOFError, asyncio.LimitOverrunError):
                async with asyncio.timeout(self._seconds):
                    await talk()
        finally:
            self._open -= 1
            # What was not sent yet is worth no more waiting.
            writer.transport.abort()
