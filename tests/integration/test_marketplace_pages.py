"""What visitors see: live books, books whatever is broken behind, and nothing of the inside."""

import functools
import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Self

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from marketplace.books import BUILTIN, Category
from marketplace.guard import HEADERS
from tests.support import mesh_books
from tests.support.mesh_net import until
from tests.support.mesh_shop import API, PAGE, TITLES, Shop

pytestmark = pytest.mark.integration

BANNER = "We cannot reach our recommendations right now"
INNARDS = (
    *("traceback", "exception", "grpc", "unavailable", "deadline", "exhausted", "statuscode"),
    *("dns", "nxdomain", "resolv", "refused", "timeout", "backend", "breaker", "cluster.local"),
    mesh_books.SECRET,
)

Open = Callable[..., Shop]
Break = Callable[[Shop], None]


def replaced_by(make: Callable[[], Any]) -> Break:
    """Give what puts another server in the backend's place."""
    return lambda shop: shop.replace_backend(make())


def stopped(shop: Shop) -> None:
    """Stop the backend: its address answers that nobody listens."""
    assert shop.backend is not None
    shop.backend.stop()


WRECKS: dict[str, Break] = {
    "nobody listens": stopped,
    "hangs": replaced_by(lambda: mesh_books.answering(mesh_books.hanging)),
    "answers garbage": replaced_by(lambda: mesh_books.answering(mesh_books.garbage)),
    "answers nothing": replaced_by(lambda: mesh_books.answering(mesh_books.nothing)),
    **{
        f"fails with {code.name}": replaced_by(
            functools.partial(mesh_books.answering, mesh_books.failing(code))
        )
        for code in (
            grpc.StatusCode.INTERNAL,
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.UNKNOWN,
        )
    },
}


@pytest.fixture
def open_shop() -> Iterator[Open]:
    """Give a function that opens a shop."""
    with ExitStack() as stack:

        def start(*backend: Any, **more: Any) -> Shop:  # noqa: ANN401 - passed on
            return stack.enter_context(Shop(*backend, **more))

        yield start


@pytest.fixture(scope="module")
def live() -> Iterator[Shop]:
    """Give a shop over the real service, for tests that break nothing."""
    with Shop(mesh_books.real()) as shop:
        yield shop


def titles(page: TestResponse) -> tuple[str, ...]:
    """Read the titles on a page."""
    found = re.findall(r'<span class="title">(.*?)</span>', page.text)
    return tuple(html.unescape(title) for title in found)


def freshness(response: TestResponse) -> str | None:
    """Read how fresh an answer says it is."""
    return response.headers.get("X-Mesh-Freshness")


def leaks(shop: Shop, response: TestResponse) -> set[str]:
    """Find what no visitor may read in an answer's headers and body."""
    shown = f"{response.headers}\n{response.text}".lower()
    return {word for word in (*INNARDS, *shop.secrets()) if word in shown}


def test_the_page_shows_the_three_mysteries(live: Shop) -> None:
    """Without any wish: the heading, exactly three titles in order, no banner, "live"."""
    page = live.get(PAGE)

    assert 200 == page.status_code
    assert "<h1>Mystery books you may like</h1>" in page.text
    assert TITLES == titles(page)
    assert BANNER not in page.text
    assert "live" == freshness(page)


def test_the_program_gets_the_same_as_json(live: Shop) -> None:
    """The API gives the same books with id and author, and says how fresh they are."""
    answer = live.get(API)

    assert 200 == answer.status_code
    assert "application/json" == answer.mimetype
    assert "live" == freshness(answer)
    assert {
        "category": "mystery",
        "user_id": "guest",
        "freshness": "live",
        "books": [book._asdict() for book in BUILTIN[Category.MYSTERY]],
    } == answer.get_json()


@pytest.mark.parametrize("category", list(Category))
def test_category_and_reader_can_be_chosen(live: Shop, category: Category) -> None:
    """Each category has its heading; the form shows what was chosen; books fit the category."""
    page = live.get(f"/?category={category.value}&user=ada.l-1_x")
    answer = live.get(f"/api/v1/recommendations?category={category.value}&user_id=ada.l-1_x")

    assert f"<h1>{category.heading} books you may like</h1>" in page.text
    assert f'<option value="{category.value}" selected>' in page.text
    assert 'value="ada.l-1_x"' in page.text
    assert tuple(book["title"] for book in answer.get_json()["books"]) == titles(page)
    assert 3 == len(titles(page))


def test_so_many_books_as_asked_for(live: Shop) -> None:
    """One or all of a category, each book once."""
    answers = [live.get(f"{API}&max_results={count}").get_json()["books"] for count in (1, 5, 50)]

    assert [1, 5] == [len(books) for books in answers[:2]]
    assert 12 <= len(answers[2]) == len({book["id"] for book in answers[2]})


@pytest.mark.parametrize("wreck", WRECKS)
def test_a_broken_backend_is_bridged_with_the_last_good_list(open_shop: Open, wreck: str) -> None:
    """Page and API: HTTP 200, the list from before, the banner, the header, the metrics."""
    shop = open_shop(mesh_books.real(), deadline_seconds=0.6)
    before = live_titles(shop, "/?user=ada")
    live_titles(shop, "/?user=guest")
    WRECKS[wreck](shop)
    page, answer = shop.get("/?user=ada"), shop.get(API)

    assert (200, 200) == (page.status_code, answer.status_code)
    assert ("stale", "stale") == (freshness(page), freshness(answer))
    assert before == titles(page)
    assert BANNER in page.text
    assert "stale" == answer.get_json()["freshness"]
    assert (set(), set()) == (leaks(shop, page), leaks(shop, answer))
    assert 1.0 == shop.metric("http_server_freshness_total", http_route="/", freshness="stale")


@pytest.mark.parametrize("wreck", WRECKS)
def test_a_cold_start_over_a_broken_backend_shows_the_shops_own(
    open_shop: Open, wreck: str
) -> None:
    """The visitor who was never served sees the three titles all the same, and is told."""
    shop = open_shop(mesh_books.real(), deadline_seconds=0.6)
    WRECKS[wreck](shop)
    page, answer = shop.get(PAGE), shop.get(API)

    assert (200, 200) == (page.status_code, answer.status_code)
    assert ("builtin", "builtin") == (freshness(page), freshness(answer))
    assert TITLES == titles(page)
    assert BANNER in page.text
    assert (set(), set()) == (leaks(shop, page), leaks(shop, answer))
    assert 1.0 == shop.metric("http_server_freshness_total", http_route="/", freshness="builtin")


@pytest.mark.parametrize("behaviour", ["nxdomain", "servfail", "refused", "silent"])
def test_without_dns_the_page_is_there(open_shop: Open, behaviour: str) -> None:
    """No backend was ever found: HTTP 200 within the deadline, the shop's own books, the cause."""
    shop = open_shop(deadline_seconds=0.2)
    shop.dns.behaviour = behaviour
    cold = open_shop(deadline_seconds=0.2, dns_servers="{}:{}".format(*shop.dns.servers[0]))
    page, answer = cold.get(PAGE), cold.get(API)

    assert (200, 200) == (page.status_code, answer.status_code)
    assert ("builtin", "builtin") == (freshness(page), freshness(answer))
    assert TITLES == titles(page)
    assert BANNER in page.text
    assert (set(), set()) == (leaks(shop, page), leaks(shop, answer))
    cause = "dns-timeout" if behaviour == "silent" else f"dns-{behaviour}"
    assert 2.0 == cold.metric("rpc_client_dns_failures_total", cause=cause)


def test_it_is_live_again_when_the_backend_is(open_shop: Open) -> None:
    """The banner goes by itself, within three seconds."""
    shop = open_shop(mesh_books.real())
    stopped(shop)
    assert "builtin" == freshness(shop.get(PAGE))
    shop.replace_backend(mesh_books.real())

    assert 3.0 > until(lambda: freshness(shop.get(PAGE)) == "live", 3.0)


def test_nobody_sees_the_list_of_another(open_shop: Open) -> None:
    """While it is broken, who was never served gets the shop's own, not what others were shown."""
    shop = open_shop(mesh_books.answering(mesh_books.books("Chosen for Ada")))
    assert ("Chosen for Ada",) == live_titles(shop, "/?user=ada")
    stopped(shop)
    ada, bob = shop.get("/?user=ada"), shop.get("/?user=bob")
    other = shop.get("/?user=ada&category=self-help")

    assert ("stale", ("Chosen for Ada",)) == (freshness(ada), titles(ada))
    assert ("builtin", TITLES) == (freshness(bob), titles(bob))
    assert "builtin" == freshness(other)


def test_who_asks_for_one_book_does_not_shorten_the_page(open_shop: Open) -> None:
    """Anyone may call the API as "guest" for one book; the stale page still has three."""
    shop = open_shop(mesh_books.real())
    live_titles(shop, PAGE)
    assert 1 == len(shop.get(f"{API}&max_results=1").get_json()["books"])
    stopped(shop)

    assert ("stale", TITLES) == (freshness(shop.get(PAGE)), titles(shop.get(PAGE)))


def test_more_books_than_asked_for_are_cut(open_shop: Open) -> None:
    """A backend that sends fifty books does not flood the page."""
    shop = open_shop(mesh_books.answering(mesh_books.books(*map(str, range(50)))))

    assert ("0", "1", "2") == live_titles(shop, PAGE)


@pytest.mark.parametrize(
    "title",
    ["<script>alert(1)</script>", "</title><img src=x onerror=alert(1)>", "\"'><svg/onload=x>"],
)
def test_a_hostile_title_is_only_text(open_shop: Open, title: str) -> None:
    """On the page it is escaped; in JSON it is a string, and no browser takes that for a page."""
    shop = open_shop(mesh_books.answering(mesh_books.books(title)))
    page, answer = shop.get(PAGE), shop.get(API)

    assert (title,) == titles(page)
    assert title not in page.text
    assert "<i>Nobody</i>" not in page.text
    assert title == answer.get_json()["books"][0]["title"]
    assert "application/json" == answer.mimetype
    assert "nosniff" == answer.headers["X-Content-Type-Options"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PAGE),
        ("GET", API),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/static/style.css"),
        ("HEAD", PAGE),
        ("OPTIONS", PAGE),
        ("POST", PAGE),
        ("GET", "/?category=romance"),
        ("GET", "/nowhere"),
        ("GET", f"/?{'a' * 5000}"),
    ],
)
def test_every_answer_carries_the_security_headers(live: Shop, method: str, path: str) -> None:
    """Pages, JSON, errors, probes and static files, each header once."""
    response = live.send(method, path)
    response.close()  # a static file's answer holds it open
    seen = {name: response.headers.getlist(name) for name, _value in HEADERS}

    assert {name: [value] for name, value in HEADERS} == seen


def test_the_policy_lets_nothing_in() -> None:
    """No script runs, no frame holds the page, nothing is sniffed, no address is passed on."""
    headers = dict(HEADERS)
    policy = headers["Content-Security-Policy"]

    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(
        policy.split("; ")
    )
    assert "unsafe" not in policy
    assert "no-referrer" == headers["Referrer-Policy"]


class Exploding(grpc.Channel):
    """A channel with a bug: its calls raise what nobody expects."""

    def unary_unary(self, *_method: object, **_options: object) -> Any:  # noqa: ANN401 - gRPC's
        """Return a callable that raises."""

        def explode(*_given: object, **_named: object) -> None:
            raise RuntimeError(mesh_books.SECRET)

        return explode

    unary_stream = stream_unary = stream_stream = unary_unary

    def subscribe(self, *_given: object, **_named: object) -> None:
        """Do nothing."""

    unsubscribe = subscribe

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        pass


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_bug_shows_nothing_of_the_inside(
    open_shop: Open, accept: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An unexpected exception is a plain 500 to the visitor, and a whole traceback in the log."""
    shop = open_shop(channel=Exploding())
    response = shop.get(PAGE, accept)

    assert 500 == response.status_code
    assert "Something went wrong on our side." in response.text
    assert set() == leaks(shop, response)
    assert 1.0 == shop.metric(
        "http_server_request_duration_seconds_count",
        http_request_method="GET",
        http_route="/",
        http_response_status_code="500",
    )
    assert mesh_books.SECRET in caplog.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    path=st.sampled_from(["/", "/api/v1/recommendations", "/healthz", "/nowhere"]),
    query=st.lists(
        st.tuples(
            st.sampled_from(["category", "user", "user_id", "max_results", "x"]),
            st.one_of(
                st.sampled_from(["mystery", "guest", "3", "50", "", "%", "%ff", "%00", "a;b", "&"]),
                st.text(st.characters(codec="utf-8"), max_size=30),
            ),
        ),
        max_size=6,
    ),
)
def test_no_query_is_a_server_error(live: Shop, path: str, query: list[tuple[str, str]]) -> None:
    """Any query string: an answer or a 4xx, and an error's text is the shop's own."""
    text = "&".join(f"{name}={value}" for name, value in query)
    response = live.app.test_client().get(path, query_string=text)

    assert response.status_code in {200, 400, 404}
    if response.status_code == 400:
        assert json.loads(response.text).keys() == {"type", "title", "status", "detail"}
        assert re.search(r"category must|user id must|max_results must", response.text)


def live_titles(shop: Shop, path: str) -> tuple[str, ...]:
    """Ask for a page that must be live, and return its titles."""
    page = shop.get(path)
    assert "live" == freshness(page)
    return titles(page)
