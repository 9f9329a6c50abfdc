"""Work that goes on beside a block, in a thread of its own, and ends with it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def repeating(work: Callable[[], object], seconds: float, name: str) -> Iterator[None]:
    """Do work again and again, as long as the block lasts.

    Args:
        work: one round; what it raises ends the thread.
        seconds: before each round.
        name: of the thread.
    """
    over = threading.Event()

    def run() -> None:
        while not over.wait(seconds):
            work()

    thread = threading.Thread(target=run, name=name)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def running(work: Coroutine[None, None, None], name: str) -> Iterator[None]:
    """Let a coroutine run in a loop of its own, and cancel it when the block ends.

    Args:
        work: has not begun; tasks that it leaves are cancelled, too.
        name: of the thread.
    """
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    thread = threading.Thread(target=_run, args=(loop, task), name=name)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


def _run(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    asyncio.set_event_loop(loop)
    try:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        for left in asyncio.all_tasks(loop):
            left.cancel()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
