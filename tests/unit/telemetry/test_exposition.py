"""The metrics page: two formats, a second old at most, open to many, closed for good."""

import http.client
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from meshdoctor.telemetry.exposition import CachedPage, MetricsServer, Turns

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
SECONDS = 5.0


class Slow:
    """A collector that takes its time, and counts how often it was asked."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.asked = 0
        self._seconds = seconds

    def collect(self) -> Iterator[Metric]:
        """Take the time; there is nothing to show."""
        self.asked += 1
        time.sleep(self._seconds)
        return iter(())


@pytest.fixture
def registry() -> CollectorRegistry:
    """Give a registry with one counter, which has an exemplar."""
    made = CollectorRegistry()
    Counter("books", "Books sold", registry=made).inc(2, {"trace_id": "abc"})
    return made


@pytest.fixture
def server(registry: CollectorRegistry) -> Iterator[MetricsServer]:
    """Give a metrics server on a free port."""
    made = MetricsServer(registry, "127.0.0.1", 0)
    yield made
    made.close()


def get(port: int, path: str = "/metrics", accept: str = "") -> tuple[int, str, str]:
    """Return status, content type and body."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
        connection.request("GET", path, headers={"Accept": accept})
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read().decode()


def test_who_asks_for_openmetrics_gets_exemplars(server: MetricsServer) -> None:
    """OpenMetrics is well formed and carries the trace id; the plain format is for the others."""
    status, kind, page = get(server.port, accept=OPENMETRICS)
    (family,) = text_string_to_metric_families(page)  # type: ignore[no-untyped-call]

    assert 200 == status
    assert kind.startswith("application/openmetrics-text")
    assert [{"trace_id": "abc"}] == [
        sample.exemplar.labels for sample in family.samples if sample.exemplar
    ]

    status, kind, page = get(server.port)
    assert (200, True) == (status, kind.startswith("text/plain"))
    assert "books_total 2.0\n" in page
    assert "abc" not in page


@pytest.mark.parametrize("path", ["/", "/metricsx", "/metrics/", "/../metrics"])
def test_other_paths_are_not_found(server: MetricsServer, path: str) -> None:
    """There is one page, and everything else says where it is."""
    status, _kind, page = get(server.port, path)

    assert (404, "The metrics are at /metrics.\n") == (status, page)


def test_a_query_does_not_matter(server: MetricsServer) -> None:
    """Some scrapers add parameters; the page is the same."""
    assert 200 == get(server.port, "/metrics?name[]=books")[0]


def test_a_page_serves_everyone_for_a_second(registry: CollectorRegistry) -> None:
    """Within a second each format is rendered once; after it, anew."""
    slow = Slow()
    registry.register(slow)
    slow.asked = 0  # registering asks once, for the names
    page = CachedPage(registry)
    for _ in range(50):
        page.render("")
        page.render(OPENMETRICS)
    assert 2 == slow.asked
    time.sleep(1.05)
    page.render("")

    assert 3 == slow.asked


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("openmetrics-text", "application/openmetrics-text; version={}; escaping=dots"),
        ("openmetrics-text", "application/openmetrics-text; version=1.0.{0}; escaping={0}"),
        ("plain", "text/plain; version=1.{}.0; escaping=values"),
        ("plain", "image/{}"),
    ],
)
def test_however_a_format_is_asked_for_it_is_one_page(
    registry: CollectorRegistry, kind: str, words: str
) -> None:
    """Versions and escapings, real ones and nonsense, neither render again nor are remembered."""
    slow = Slow()
    registry.register(slow)
    slow.asked = 0
    page = CachedPage(registry)
    answers = {page.render(words.format(number)) for number in range(50)}

    assert [kind] == [content.partition(";")[0].partition("/")[2] for content, _body in answers]
    assert 1 == slow.asked


def test_nonsense_for_a_version_is_answered(server: MetricsServer) -> None:
    """A scraper whose Accept header makes no sense still gets the page."""
    status, kind, _page = get(server.port, accept="application/openmetrics-text; version=x.y; =;;")

    assert (200, True) == (status, kind.startswith("application/openmetrics-text"))


def test_a_storm_of_scrapers_is_no_storm_of_renders(registry: CollectorRegistry) -> None:
    """Twenty scrapers at once get the one page, or two, that one of them had to wait for."""
    slow = Slow(0.2)
    registry.register(slow)
    slow.asked = 0
    server = MetricsServer(registry, "127.0.0.1", 0)
    statuses: list[int] = []
    storm = [
        threading.Thread(target=lambda: statuses.append(get(server.port)[0])) for _ in range(20)
    ]
    for one in storm:
        one.start()
    for one in storm:
        one.join()
    server.close()

    assert [200] * 20 == statuses
    assert 2 >= slow.asked


def test_who_comes_alone_waits_for_nobody() -> None:
    """The first turn is at once, and so is one that comes when those before are over."""
    turns = Turns(apart=60.0)
    begun = time.monotonic()

    assert turns.wait()
    assert 60.0 > time.monotonic() - begun


def test_turns_are_apart() -> None:
    """Five who come at once are answered over four pauses; a sixth, later, is answered as well."""
    turns = Turns(apart=0.1)
    begun = time.monotonic()
    with ThreadPoolExecutor(5) as crowd:
        answers = [crowd.submit(turns.wait) for _scraper in range(5)]

    assert 0.4 <= time.monotonic() - begun
    assert [True] * 5 == [answer.result() for answer in answers]
    assert turns.wait()


def test_who_would_wait_too_long_is_sent_away_at_once() -> None:
    """A turn too far ahead is none, and being sent away takes no turn from anybody."""
    turns = Turns(apart=20.0, longest=10.0)
    begun = time.monotonic()

    assert [True, False, False] == [turns.wait() for _scraper in range(3)]
    assert 10.0 > time.monotonic() - begun


def test_a_silent_client_blocks_nobody(server: MetricsServer) -> None:
    """Connections that send nothing, or half a request, leave the page open to others."""
    with closing(socket.create_connection(("127.0.0.1", server.port))) as silent:
        with closing(socket.create_connection(("127.0.0.1", server.port))) as half:
            half.sendall(b"GET /metr")
            start = time.monotonic()
            assert 200 == get(server.port)[0]
            assert 3.0 > time.monotonic() - start
        silent.sendall(b"\r\n")


def test_nonsense_is_refused_without_telling_versions(server: MetricsServer) -> None:
    """Malformed requests and other methods are answered, and no answer names Python."""
    for request in (b"NONSENSE\r\n\r\n", b"POST /metrics HTTP/1.0\r\n\r\n", b"\xff\xfe\r\n\r\n"):
        with closing(socket.create_connection(("127.0.0.1", server.port), SECONDS)) as client:
            client.sendall(request)
            answer = b"".join(iter(lambda: client.recv(4096), b""))

        assert b"Python" not in answer
    assert 200 == get(server.port)[0]


def test_a_scraper_that_hangs_up_leaves_no_traceback(
    server: MetricsServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A reset in the middle of the answer is the scraper's own business."""
    for _ in range(10):
        client = socket.create_connection(("127.0.0.1", server.port))
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    get(server.port)

    assert "" == capfd.readouterr().err


def test_a_taken_port_is_an_oserror(server: MetricsServer, registry: CollectorRegistry) -> None:
    """Two pages on one port would each show half; the second one is refused."""
    with pytest.raises(OSError, match="in use"):
        MetricsServer(registry, "127.0.0.1", server.port)


def test_closing_gives_the_port_back(registry: CollectorRegistry) -> None:
    """A closed server answers nobody, and its port can be taken at once."""
    first = MetricsServer(registry, "127.0.0.1", 0)
    port = first.port
    assert 200 == get(port)[0]
    first.close()
    with pytest.raises(ConnectionRefusedError):
        get(port)

    second = MetricsServer(registry, "127.0.0.1", port)
    assert 200 == get(port)[0]
    second.close()


def test_opening_the_page_asks_no_dns() -> None:
    """Binding looks no name up: a Pod starts although DNS, which it is to watch, is silent."""
    program = (
        "import sys\n"
        "from prometheus_client import CollectorRegistry\n"
        "from meshdoctor.telemetry.exposition import MetricsServer\n"
        "lookups = []\n"
        "sys.addaudithook(lambda event, _: 'host' in event and lookups.append(event))\n"
        "MetricsServer(CollectorRegistry(), '127.0.0.1', 0).close()\n"
        "print(lookups)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "[]\n" == done.stdout
