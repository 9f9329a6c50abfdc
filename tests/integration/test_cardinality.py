"""The metrics of a Pod stay few, whatever its visitors make up: two real processes, counted."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Any

import grpc
import pytest

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from marketplace.books import Freshness
from meshdoctor.faults import CAUSES
from meshdoctor.lab.metricspage import MetricsPage, read_page
from meshdoctor.telemetry import catalogue
from tests.support.books_process import BooksProcess
from tests.support.hostile import crowd, every_kind
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_net import free_port
from tests.support.mesh_shop import API, NAME, PAGE
from tests.support.mesh_shop_process import ShopProcess

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]

REQUESTS = 10_000
CALLS = 1_000
MOST = 500
MOST_NEW = 50
PAGE_SECONDS = 1.1
PATIENCE = 20.0
SERVICE = "bookstore.recommendations.v1.RecommendationsService"
METHOD = f"{SERVICE}/GetRecommendations"
DNS_CAUSES = {cause for cause in CAUSES if cause.startswith("dns-")}
ORDINARY = (PAGE, API, "/healthz", "/readyz", "/static/style.css")
ANSWERS = tuple(
    b"%s %s HTTP/1.1\r\nHost: shop\r\n%s\r\n" % each
    for each in (
        (b"GET", b"/nowhere", b""),
        (b"GET", b"/?category=none", b""),
        (b"POST", b"/", b""),
        (b"GET", b"/?" + b"a" * 5000, b""),
        (b"GET", b"/", b"Content-Length: 999999\r\n"),
        (b"GET", b"/api//v1/recommendations", b""),
        (b"HEAD", b"/api//v1/recommendations", b""),
        (b"OPTIONS", b"/", b""),
        *(
            (method, b"/static/style.css", header)
            for method in (b"GET", b"HEAD")
            for header in (
                b"Range: bytes=0-1\r\n",
                b"Range: bytes=900000-\r\n",
                b"If-None-Match: *\r\n",
            )
        ),
    )
)
"""Each answer that the shop has for a visitor who is not ordinary, once."""

Pages = tuple[MetricsPage, MetricsPage]
"""The marketplace's and the backend's."""


@dataclass(frozen=True, slots=True)
class Story:
    """What the two pages said, and when.

    Attributes:
        at_start: before anybody came.
        before: when each answer had been given once.
        after: when all that is hostile had been sent.
        statuses: what the hostile ones heard from the shop; 0: it hung up.
        codes: what they heard from the backend.
    """

    at_start: Pages
    before: Pages
    after: Pages
    statuses: Counter[int]
    codes: Counter[str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Start both services, have them visited, and give what their pages said."""
    with ExitStack() as stack:
        books = stack.enter_context(BooksProcess())
        dns = stack.enter_context(DnsServer(books.host, name=NAME))
        collector = f"http://127.0.0.1:{free_port('127.0.0.1')}"
        shop = stack.enter_context(
            ShopProcess(
                RECOMMENDATIONS_TARGET=f"{NAME}:{books.port}",
                DNS_SERVERS="{}:{}".format(*dns.servers[0]),
                DEADLINE_SECONDS="5",  # a busy machine is no fault of the visitors'
                SECOND_TRY_SECONDS="5",
                OTEL_EXPORTER_OTLP_ENDPOINT=collector,
            )
        )
        backend: Any = stack.enter_context(books.channel())
        at_start = pages(shop, books)
        for path in ORDINARY:
            assert 200 == shop.get(path)[0]
        crowd(shop.host, shop.port, ANSWERS, threads=1)
        for user in ("guest", "no user!"):
            call(backend, METHOD, user).code()
        before = pages(shop, books)
        statuses = crowd(shop.host, shop.port, tuple(islice(every_kind(), REQUESTS)))
        codes = hostile_calls(backend)
        yield Story(at_start, before, pages(shop, books), statuses, codes)


def call(channel: grpc.Channel, method: str, user: str, *metadata: tuple[str, str]) -> Any:  # noqa: ANN401 - gRPC's future
    """Call the backend as anybody can who reaches its port; do not wait."""
    given = pb.GetRecommendationsRequest(
        user_id=user, category=pb.BOOK_CATEGORY_MYSTERY, max_results=3
    )
    ask: Any = channel.unary_unary(f"/{method}")
    return ask.future(given.SerializeToString(), timeout=PATIENCE, metadata=metadata)


def hostile_calls(channel: grpc.Channel) -> Counter[str]:
    """Call made-up and real methods with made-up users and metadata, in bursts it cannot take."""
    codes: Counter[str] = Counter()
    for first in range(0, CALLS, 100):
        burst = [
            call(
                channel,
                (METHOD, f"{SERVICE}/Get{number}", f"made.up.V{number}/Do")[number % 3],
                f"user {number}" if number % 2 else f"user-{number}",
                ("traceparent", f"00-{number + 1:032x}-{number + 1:016x}-01"),
                (f"x-{number}", f"{number}"),
            )
            for number in range(first, first + 100)
        ]
        codes.update(each.code().name for each in burst)
    return codes


def pages(shop: ShopProcess, books: BooksProcess) -> Pages:
    """Read both metrics pages, no older than this moment."""
    time.sleep(PAGE_SECONDS)
    return (
        read_page(f"{shop.host}:{shop.metrics_port}"),
        read_page(f"{books.host}:{books.metrics_port}"),
    )


def test_it_was_hostile(story: Story) -> None:
    """Ten thousand requests and a thousand calls, and each way to be turned away was taken."""
    assert REQUESTS == story.statuses.total()
    assert {200, 206, 304, 308, 400, 404, 405, 413, 414, 416} <= story.statuses.keys()
    assert not [status for status in story.statuses if status >= 500]
    assert CALLS == story.codes.total()
    assert {"OK", "INVALID_ARGUMENT", "UNIMPLEMENTED"} <= story.codes.keys()


@pytest.mark.parametrize("which", [0, 1], ids=["marketplace", "recommendations"])
def test_hostile_visitors_make_no_series(story: Story, which: int) -> None:
    """A Pod has at most 500 series then, and at most 50 that ordinary answers had not made."""
    counts = [len(each[which].rows) for each in (story.at_start, story.before, story.after)]
    print(  # noqa: T201 - the figures, for `pytest -s`
        f"series: {counts[0]} at start, {counts[1]} after each answer once, {counts[2]} after all;"
        f" heard {dict(story.statuses if not which else story.codes)}"
    )

    assert MOST >= counts[2]
    assert MOST_NEW >= counts[2] - counts[1]


@pytest.mark.parametrize("which", [0, 1], ids=["marketplace", "recommendations"])
def test_no_series_says_what_a_visitor_made_up(story: Story, which: int) -> None:
    """Every label value of the page is a word of the project's or of the services' own."""
    made_up = re.compile(r"w[0-9a-f]{6}|wp-admin|passwd|made\.up|user|/Get\d|aaaa|%")
    words = {value for row in story.after[which].rows for value in row.labels.values()}

    assert set() == {word for word in words if made_up.search(word)}


def test_what_an_alert_must_not_miss_starts_at_zero(story: Story) -> None:
    """Before the first visitor a marketplace shows causes, second tries, spans and freshness."""
    page = story.at_start[0]
    expected = (
        (catalogue.RPC_CLIENT_FAILURES, "cause", set(CAUSES)),
        (catalogue.RPC_CLIENT_DNS_FAILURES, "cause", DNS_CAUSES),
        (catalogue.RPC_CLIENT_RETRIES, "outcome", {"sent", "denied"}),
        (catalogue.TELEMETRY_SPANS, "outcome", {"exported", "dropped"}),
        (catalogue.HTTP_SERVER_FRESHNESS, "freshness", set(Freshness)),
    )

    assert [dict.fromkeys(words, 0.0) for _metric, _label, words in expected] == [
        page.by_label(metric.name, label) for metric, label, _words in expected
    ]
    assert {METHOD} == page.by_label(catalogue.RPC_CLIENT_FAILURES.name, "rpc_method").keys()
    assert {PAGE, API.partition("?")[0]} == page.by_label(
        catalogue.HTTP_SERVER_FRESHNESS.name, "http_route"
    ).keys()


@pytest.mark.parametrize("which", [0, 1], ids=["marketplace", "recommendations"])
def test_no_series_tells_when_another_was_made(story: Story, which: int) -> None:
    """The pages of the services as they ship have no `_created`."""
    assert [] == [row.name for row in story.after[which].rows if row.name.endswith("_created")]
