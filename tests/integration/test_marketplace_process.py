"""`python -m marketplace`: how it starts, refuses to start, endures bad visitors, and ends."""

import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.support import mesh_books
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_net import addresses, free_port
from tests.support.mesh_shop import NAME, PAGE, TITLES
from tests.support.mesh_shop_process import ShopProcess

pytestmark = pytest.mark.integration

MIB = 1 << 20
CLOSE = b"Host: shop\r\nConnection: close\r\n"
INNARDS = ("grpc", "unavailable", "dns", "traceback", "python", "werkzeug", "flask", "127.")


@pytest.fixture(scope="module")
def shop() -> Iterator[ShopProcess]:
    """Give a marketplace that has neither backend nor DNS: the visitors here need none."""
    with ShopProcess() as started:
        yield started


def status_of(answer: bytes) -> int:
    """Read the status of a raw answer; 0: nothing came."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_it_starts_without_backend_and_dns(shop: ShopProcess) -> None:
    """A page of the shop's own books is better than no page: ready, 200, and says so."""
    status, page = shop.get(PAGE)

    assert (200, "ok") == shop.get("/readyz") == shop.get("/healthz")
    assert 200 == status
    assert all(title in page for title in TITLES)
    assert "We cannot reach our recommendations right now" in page
    assert not [word for word in INNARDS if word in page.lower()]


def test_metrics_have_a_port_of_their_own(shop: ShopProcess) -> None:
    """The public port does not know them; the other one does, and knows nothing else."""
    shop.get(PAGE)
    status, metrics = shop.get("/metrics", shop.metrics_port)

    assert 404 == shop.get("/metrics")[0]
    assert 200 == status
    assert 'http_server_freshness_total{freshness="builtin",http_route="/"}' in metrics
    assert 404 == shop.get(PAGE, shop.metrics_port)[0]


def test_the_server_says_no_version(shop: ShopProcess) -> None:
    """`Server` is one plain word, on pages and on errors."""
    for path in (b"/", b"/nowhere"):
        answer = shop.raw(b"GET " + path + b" HTTP/1.1\r\n" + CLOSE + b"\r\n").lower()
        (server,) = (line for line in answer.split(b"\r\n") if line.startswith(b"server:"))

        assert b"server: granian" == server


@pytest.mark.parametrize(
    ("request_", "statuses"),
    [
        (b"GARBAGE\r\n\r\n", {400}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40, {0, 400}),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {0, 400}),
        (b"GET / HTTP/9.9\r\n" + CLOSE + b"\r\n", {400}),
        (b"GET /\x00 HTTP/1.1\r\n" + CLOSE + b"\r\n", {400}),
        (b"GET /\xff\xfe%00%ff HTTP/1.1\r\n" + CLOSE + b"\r\n", {400, 404}),
        (b"GET / HTTP/1.1\r\nHost : shop\r\n\r\n", {400}),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n" + CLOSE + b"\r\n", {400}),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n" + CLOSE + b"\r\n", {400}),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n"
            + CLOSE
            + b"\r\n0\r\n\r\n",
            {400, 405},
        ),
        (b"GET / HTTP/1.1\r\n" + CLOSE + b"X-Evil: a\r\n b\r\n\r\n", {200, 400}),
        (b"CONNECT elsewhere:80 HTTP/1.1\r\n" + CLOSE + b"\r\n", {404, 405}),
        (b"OPTIONS * HTTP/1.1\r\n" + CLOSE + b"\r\n", {200, 404}),
        (b"GET /?user=a%0D%0ASet-Cookie:x HTTP/1.1\r\n" + CLOSE + b"\r\n", {400}),
        (b"GET /?" + b"a" * 5000 + b" HTTP/1.1\r\n" + CLOSE + b"\r\n", {414}),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + CLOSE + b"\r\n", {414, 431}),
        (b"GET / HTTP/1.1\r\n" + b"X-Bomb: 1\r\n" * 5000 + CLOSE + b"\r\n", {431}),
        (b"GET / HTTP/1.1\r\nX-Bomb: " + b"x" * MIB + b"\r\n" + CLOSE + b"\r\n", {431}),
    ],
    ids=lambda value: str(value[:40]) if isinstance(value, bytes) else "",
)
def test_a_malformed_request_is_refused_and_survived(
    shop: ShopProcess, request_: bytes, statuses: set[int]
) -> None:
    """No 5xx, no header from what came in, nothing of the inside, and the next one is served."""
    answer = shop.raw(request_)

    assert status_of(answer) in statuses
    assert b"set-cookie" not in answer.lower()
    assert not [word for word in INNARDS if word.encode() in answer.lower()]
    assert (200, "ok") == shop.get("/healthz")


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_are_refused_quickly_and_kept_nowhere(
    shop: ShopProcess, *, chunked: bool
) -> None:
    """With a length 413 before the body is read; without one the method is refused; no memory."""
    shop.get(PAGE)
    before, begun = shop.memory(), time.monotonic()
    if chunked:
        body = b"100000\r\n" + b"x" * MIB + b"\r\n"
        head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + CLOSE + b"\r\n"
        answers = [shop.raw(head + body * 10 + b"0\r\n\r\n") for _visit in range(3)]
    else:
        head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n" % (10 * MIB) + CLOSE + b"\r\n"
        answers = [shop.raw(head + b"x" * (10 * MIB)) for _visit in range(3)]
    seconds = time.monotonic() - begun

    assert {0, 405 if chunked else 413} >= {status_of(answer) for answer in answers}
    assert 3.0 > seconds
    assert 20 * MIB > shop.memory() - before
    assert (200, "ok") == shop.get("/healthz")


def test_a_refusal_comes_before_the_body(shop: ShopProcess) -> None:
    """Who announces ten megabytes hears 413 without sending one of them."""
    with socket.create_connection((shop.host, shop.port), 5.0) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10485760\r\n" + CLOSE + b"\r\n")

        assert b"HTTP/1.1 413" == peer.recv(65536)[:12]


def test_two_hundred_slow_visitors_do_not_shut_out_the_kubelet(shop: ShopProcess) -> None:
    """200 connections that send a header a second: probes are answered within one second.

    The web server then hangs up on each that has not finished its headers after five seconds.
    """
    with ExitStack() as stack:
        slow = []
        for _visitor in range(200):
            peer = socket.create_connection((shop.host, shop.port), 8.0)
            slow.append(stack.enter_context(peer))
            peer.sendall(b"GET / HTTP/1.1\r\n")
        times = []
        for _probe in range(10):
            for peer in slow:
                peer.sendall(b"X-Slow: 1\r\n")
            begun = time.monotonic()
            assert (200, "ok") == shop.get("/readyz", timeout=1.0)
            times.append(time.monotonic() - begun)
        hung_up = slow[0].recv(65536)

    assert b"" == hung_up
    assert 1.0 > max(times)


def test_requests_in_flight_finish_on_sigterm() -> None:
    """Four visitors wait for a slow backend when SIGTERM comes: each gets a live page, exit 0.

    Spans go to a collector that accepts and never answers; the end does not wait for it either.
    """
    hosts = addresses(1)
    port = free_port(*hosts)
    backend = mesh_books.real(fault_delay_seconds=1.0)
    backend.start(hosts[0], port)
    with (
        DnsServer(*hosts, name=NAME) as dns,
        socket.create_server(("127.0.0.1", 0)) as collector,
        ShopProcess(
            RECOMMENDATIONS_TARGET=f"{NAME}:{port}",
            DNS_SERVERS="{}:{}".format(*dns.servers[0]),
            DEADLINE_SECONDS="5",
            SECOND_TRY_SECONDS="5",
            OTEL_EXPORTER_OTLP_ENDPOINT="http://{}:{}".format(*collector.getsockname()),
            OTEL_TRACES_SAMPLER_ARG="1",
        ) as shop,
        ThreadPoolExecutor(4) as visitors,
    ):
        shop.get(PAGE)
        visits = [visitors.submit(shop.get, PAGE) for _visitor in range(4)]
        time.sleep(0.5)
        code, seconds = shop.end()
        answers = [visit.result() for visit in visits]
    backend.stop()

    assert [200] * 4 == [status for status, _page in answers]
    assert not [page for _status, page in answers if "We cannot reach" in page]
    assert 0 == code
    assert 5.0 > seconds
    with socket.create_server((shop.host, shop.port)):
        pass


def test_ctrl_c_ends_it_as_well() -> None:
    """SIGINT: exit 0, nothing on stderr, the port is free again."""
    with ShopProcess() as shop:
        shop.process.send_signal(signal.SIGINT)

        assert (0, "") == shop.wait()
    with socket.create_server((shop.host, shop.port)):
        pass


@pytest.mark.parametrize("setting", ["PORT", "METRICS_PORT"])
def test_a_taken_port_is_one_line_that_names_its_setting(setting: str) -> None:
    """The line says address, reason and setting; exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        host = {"PORT": "HOST", "METRICS_PORT": "METRICS_HOST"}[setting]
        with ShopProcess(ready=False, **{setting: port, host: "127.0.0.1"}) as shop:
            code, said = shop.wait()

    assert 2 == code
    assert (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use."
        f" Set MARKETPLACE_{setting} or MARKETPLACE_{host}.\n" == said
    )


def test_one_port_for_two_purposes_is_refused() -> None:
    """Public and metrics port are the same: told at the start, not by a worker that dies."""
    (host,) = addresses(1)
    port = str(free_port(host))
    with ShopProcess(
        ready=False, HOST=host, PORT=port, METRICS_HOST=host, METRICS_PORT=port
    ) as shop:
        code, said = shop.wait()

    assert 2 == code
    assert "MARKETPLACE_METRICS_PORT" in said
    assert 1 == len(said.splitlines())


def test_bad_settings_are_all_named_at_once() -> None:
    """One line for each, and exit code 2, before any port is opened."""
    bad = {"PORT": "0", "THREADS": "many", "DNS_SERVERS": "nobody", "OTEL_TRACES_SAMPLER_ARG": "2"}
    with ShopProcess(ready=False, **bad) as shop:
        code, said = shop.wait()

    assert 2 == code
    for name in ("MARKETPLACE_PORT", "MARKETPLACE_THREADS", "MARKETPLACE_DNS_SERVERS"):
        assert name in said
    assert "OTEL_TRACES_SAMPLER_ARG" in said
    assert "Traceback" not in said
