"""The metrics pages of a node's services, those of ours and those of anybody."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from prometheus_client import CollectorRegistry

from meshdoctor.agent.knowledge import Place
from meshdoctor.agent.pages import ReadPages
from meshdoctor.probes.mesh.evidence import Caller
from meshdoctor.telemetry.catalogue import RPC_CLIENT_DURATION, RPC_CLIENT_FAILURES
from meshdoctor.telemetry.exposition import MetricsServer
from meshdoctor.telemetry.instruments import make

pytestmark = pytest.mark.integration

SECONDS = 0.5


class Service:
    """A service that counts its calls, and shows them on a page until it ends."""

    def __init__(self, port: int = 0) -> None:
        registry = CollectorRegistry()
        self._calls = make(RPC_CLIENT_DURATION, registry)
        self._failures = make(RPC_CLIENT_FAILURES, registry)
        self._server = MetricsServer(registry, "127.0.0.1", port)
        self.port = self._server.port

    def fail(self, times: int) -> None:
        """Make calls that fail."""
        for _ in range(times):
            self._calls.labels("Recommend", "UNAVAILABLE", "dns-timeout").observe(0.1)
            self._failures.labels("Recommend", "dns-timeout").inc()

    def end(self) -> None:
        """Close the page."""
        self._server.close()


def place(port: int, pod: str = "shop-a") -> Place:
    """Give a page of this machine."""
    return Place("bookstore", pod, "w1", "127.0.0.1", port, "marketplace")


def looked(pages: ReadPages, *ports: int) -> tuple[Caller, ...]:
    """Look once."""
    return asyncio.run(pages.look([place(port, f"pod-{port}") for port in ports]))


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Answer each connection in some way; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=treated, args=(connection,), daemon=True).start()

        def treated(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.recv(10_000)
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def page(body: bytes, status: bytes = b"200 OK") -> bytes:
    """Give an HTTP answer."""
    return b"HTTP/1.0 %s\r\n\r\n%s" % (status, body)


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that runs."""
    found = Service()
    yield found
    found.end()


def test_what_a_service_counted_between_looks_is_told(service: Service) -> None:
    """Not what it counted before the first; over a window of two looks here, no more."""
    pages = ReadPages(window=2.0)
    service.fail(100)
    (first,) = looked(pages, service.port)
    assert (0.0, 0, {}, "") == (first.seconds, first.calls, first.causes, first.words)

    told = []
    for _ in range(5):
        time.sleep(1.05)  # a page is made anew each second
        service.fail(2)
        (caller,) = looked(pages, service.port)
        told.append(caller)

    # The page made for one look may be the one that the look before had.
    assert all(1 <= caller.calls <= 2 * 2 + 2 for caller in told[1:])
    assert [caller.calls for caller in told] == [sum((one.causes or {}).values()) for one in told]
    assert {"dns-timeout"} == set(told[-1].causes or {})
    assert 2 <= told[-1].seconds <= 4
    assert abs(time.time() - told[-1].seconds - told[-1].since) < 1
    assert ("bookstore", f"pod-{service.port}", "marketplace") == (
        told[-1].namespace,
        told[-1].pod,
        told[-1].service,
    )


def test_a_service_that_was_started_again_counts_from_nothing(service: Service) -> None:
    """Its count is lower than before: no negative calls, and those since are told."""
    pages = ReadPages()
    service.fail(100)
    looked(pages, service.port)
    service.end()
    (gone,) = looked(pages, service.port)
    assert f"the metrics page at 127.0.0.1:{service.port} refuses" == gone.words
    assert gone.causes is None

    again = Service(service.port)
    try:
        again.fail(3)
        (caller,) = looked(pages, again.port)
    finally:
        again.end()

    assert {"dns-timeout": 3} == caller.causes


def test_when_the_process_of_a_page_began_to_answer_is_told(service: Service) -> None:
    """The first look at it, until a look tells of another process: a count that is lower."""
    pages = ReadPages()
    service.fail(100)
    begun = [looked(pages, service.port)[0].begun for _ in range(2)]
    service.end()
    again = Service(service.port)
    try:
        again.fail(3)
        begun.append(looked(pages, again.port)[0].begun)
    finally:
        again.end()

    assert begun[0] == begun[1] < begun[2]
    assert abs(time.time() - begun[2]) < 5


def test_a_pod_that_went_is_forgotten(service: Service) -> None:
    """Another one with its name at another address begins anew."""
    pages = ReadPages()
    looked(pages, service.port)
    looked(pages)
    (caller,) = looked(pages, service.port)

    assert 0.0 == caller.seconds


def drip(connection: socket.socket) -> None:
    """Send a byte now and then."""
    for _ in range(50):
        connection.sendall(b"H")
        time.sleep(0.1)


def flood(connection: socket.socket) -> None:
    """Send without end."""
    connection.sendall(page(b""))
    end = time.monotonic() + 5
    while time.monotonic() < end:
        connection.sendall(b"x" * 65536)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda _: time.sleep(3), "is silent"),
        (drip, "is silent"),
        (flood, "longer than 524288 bytes"),
        (lambda c: c.sendall(page(b"no", b"503 Busy")), "answers HTTP 503"),
        (lambda c: c.sendall(b"SSH-2.0-OpenSSH\r\n"), "no HTTP"),
        (lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx"), "not whole"),
        (lambda c: c.sendall(page(b"\xff\xfe")), "no metrics page"),
        (lambda c: c.sendall(page(RPC_CLIENT_FAILURES.name.encode() + b" x")), "no metrics page"),
        (lambda _: None, "no HTTP"),
    ],
)
def test_a_page_that_is_none_is_told(
    answer: Callable[[socket.socket], None], words: str, service: Service
) -> None:
    """In time, and the pages beside it are read all the same."""
    begun = time.monotonic()
    with answering(answer) as port:
        bad, good = looked(ReadPages(SECONDS), port, service.port)

    assert words in bad.words
    assert "" == good.words
    assert time.monotonic() - begun < 5


def test_pages_that_hang_cost_one_deadline_together() -> None:
    """All are read at once: a round is not held up by a node full of them."""
    with answering(lambda _: time.sleep(3)) as port:
        pages = ReadPages(SECONDS)
        begun = time.monotonic()
        callers = asyncio.run(pages.look([place(port, f"pod-{at}") for at in range(40)]))
        seconds = time.monotonic() - begun

    assert 40 == sum("is silent" in caller.words for caller in callers)
    assert seconds < 5 * SECONDS


def test_a_place_that_is_none_is_told() -> None:
    """Whatever a memory holds."""
    odd = Place("bookstore", "a", "w1", "x" * 300, 99999, "shop")

    (caller,) = asyncio.run(ReadPages(SECONDS).look([odd]))

    assert "fails: " in caller.words
