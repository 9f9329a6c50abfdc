"""The edge: each request is measured, sampled, told once; nothing a visitor sends gets further."""

import io
import json
import time
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from meshdoctor.telemetry import Telemetry, TelemetrySettings
from meshdoctor.telemetry.context import TraceContext, current
from meshdoctor.telemetry.edge import Edge
from meshdoctor.telemetry.flask_app import instrument_flask
from meshdoctor.telemetry.logs import make_logger
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.spans import FinishedSpan
from tests.support.tally import Tally

DURATION = "http_server_request_duration_seconds_count"
LABELS = ("http_request_method", "http_route", "http_response_status_code")
PLANNED = {"GET", "POST", "PUT", "DELETE", "PATCH"}
ROUTE = "/books/<title>"
FOREIGN = {
    "traceparent": f"00-{7:032x}-{8:016x}-01",
    "tracestate": "vendor=1",
    "baggage": "user=admin",
}


class Spans(list[FinishedSpan]):
    """A `SpanSink` that keeps all."""

    def add(self, span: FinishedSpan) -> None:
        """Keep `span`."""
        self.append(span)


class Shop:
    """A Flask application behind the edge, and all that it told."""

    def __init__(self, ratio: float = 0.0, slow_seconds: float = 10.0) -> None:
        self.tally = Tally()
        self.spans = Spans()
        self._lines = io.BytesIO()
        telemetry = Telemetry(settings(metrics=False, sampler_ratio=ratio), "shop")
        telemetry.outlets = Outlets(
            self.tally.instruments,
            self.spans,
            make_logger("shop", "info", self._lines),
            slow_seconds,
        )
        self.app = flask.Flask("shop")
        self._routes()
        instrument_flask(self.app, telemetry, untraced=("/healthz",))
        self.client = self.app.test_client()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log, parsed."""
        return [json.loads(line) for line in self._lines.getvalue().splitlines()]

    def requests(self) -> dict[str, int]:
        """Return how many requests were measured, by method, route and status."""
        return self.tally.by(DURATION, *LABELS)

    def visit(self, path: str, method: str = "GET") -> None:
        """Ask as a web server does, with whatever it lets through."""
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path}
        setup_testing_defaults(environ)
        self.app.wsgi_app(environ, lambda *_said: lambda _data: None)

    def _routes(self) -> None:
        app = self.app

        @app.route("/healthz")
        @app.route("/books/<title>")
        def book(title: str = "") -> str:
            headers = {name.lower(): value for name, value in flask.request.headers.items()}
            return json.dumps({"title": title, **headers, "here": place().traceparent})

        @app.route("/slow")
        def slow() -> str:
            time.sleep(0.3)
            return ""

        @app.route("/crash")
        def crash() -> str:
            raise RuntimeError("on purpose")


def answering(status: int) -> Any:  # noqa: ANN401 - a WSGI application
    """Make an application that answers with this status, whatever it is asked."""

    def app(_environ: object, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - PEP 3333
        start_response(f"{status} Said", [])
        return ()

    return app


def settings(**changed: object) -> TelemetrySettings:
    """Make settings with some changed."""
    return TelemetrySettings.model_validate(changed)


def place() -> TraceContext:
    """Return the place in the trace of the request that is being answered."""
    here = current.get()
    assert here is not None
    return here


@pytest.fixture(scope="module")
def scanned() -> Shop:
    """Give a shop that is asked anything."""
    return Shop()


@given(path=st.text(st.characters(max_codepoint=255)), method=st.text())
def test_hostile_paths_and_methods_make_few_series(scanned: Shop, path: str, method: str) -> None:
    """Whatever is asked for, a series has a planned method on a route of the application, or none.

    None is `_OTHER` without a route, so that what is left to a visitor's fancy is the status.
    """
    scanned.visit(path, method)

    routes = {"", *(rule.rule for rule in scanned.app.url_map.iter_rules())}
    for series in scanned.requests():
        seen, route, _status = series.split(" ")
        assert (seen, route) == ("_OTHER", "") or (seen == "GET" and route in routes)


def test_three_hundred_paths_are_one_series() -> None:
    """A scan of 300 paths and as many methods does not grow the metrics."""
    shop = Shop()
    for number in range(300):
        shop.visit(f"/books/{number}")
        shop.visit(f"/wp-admin/{number}.php")
        shop.visit("/", method=f"X{number}")

    assert {"GET /books/<title> 200": 300, "_OTHER  404": 600} == shop.requests()


@pytest.mark.parametrize(
    ("method", "status", "series"),
    [
        *((method, 200, f"{method} /books/<title> 200") for method in sorted(PLANNED)),
        *((method, 200, "_OTHER  200") for method in ("HEAD", "OPTIONS", "TRACE", "CONNECT", "X")),
        ("GET", 302, "GET /books/<title> 302"),
        ("POST", 400, "_OTHER  400"),
        ("GET", 499, "_OTHER  499"),
        ("GET", 500, "GET /books/<title> 500"),
        ("DELETE", 599, "DELETE /books/<title> 599"),
        ("HEAD", 500, "_OTHER  500"),
    ],
)
def test_what_was_planned_is_told_by_route(method: str, status: int, series: str) -> None:
    """An action that was not refused has method and route; all the rest has its status alone.

    The span still says all: there a visitor's fancy costs nothing.
    """
    tally, spans = Tally(), Spans()
    edge = Edge(answering(status), Outlets(tally.instruments, spans), 1.0, lambda _: ROUTE)
    for _ in range(2):
        edge({"REQUEST_METHOD": method, "PATH_INFO": "/"}, lambda *_said: lambda _data: None)

    assert {series: 2} == tally.by(DURATION, *LABELS)
    told = dict(spans[1].attributes)
    assert (ROUTE, status) == (told["http.route"], told["http.response.status_code"])
    assert told["http.request.method"] == (method if method != "X" else "_OTHER")


def test_a_crash_is_an_increase() -> None:
    """With a route's first answer its 500s are there at 0; a refused request brings nothing."""
    shop = Shop()
    for path in ("/books/x", "/healthz", "/nowhere"):
        shop.visit(path)

    assert {"/books/<title>": 0.0} == {
        sample.labels["http_route"]: sample.value
        for family in shop.tally.registry.collect()
        for sample in family.samples
        if sample.name == DURATION and sample.labels["http_response_status_code"] == "500"
    }


def test_a_crash_is_a_500_once() -> None:
    """A handler that raises is one request with status 500, one error line, nothing left active."""
    shop = Shop()

    assert 500 == shop.client.get("/crash").status_code
    assert {"GET /crash 500": 1} == shop.requests()
    assert [("error", 500)] == [
        (line["level"], line["http_response_status_code"]) for line in shop.lines
    ]
    assert 0 == shop.tally.active("http_server_active_requests")


def test_an_application_that_raises_is_a_500() -> None:
    """Whatever status it had promised: what the server makes of an exception is a 500."""

    def app(_environ: object, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - PEP 3333
        start_response("200 OK", [])
        raise RuntimeError("on purpose")

    tally = Tally()
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    with pytest.raises(RuntimeError):
        Edge(app, Outlets(tally.instruments), 0.0)(environ, lambda *_said: lambda _data: None)

    assert {"GET  500": 1} == tally.by(DURATION, *LABELS)
    assert None is current.get()


def test_an_empty_path_may_be_absent() -> None:
    """PEP 3333 lets a server leave out PATH_INFO when it is empty."""

    def app(_environ: object, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - PEP 3333
        start_response("204 No Content", [])
        return ()

    tally = Tally()
    edge = Edge(app, Outlets(tally.instruments), 0.0, untraced=("/healthz",))
    edge({"REQUEST_METHOD": "GET"}, lambda *_said: lambda _data: None)

    assert {"GET  204": 1} == tally.by(DURATION, *LABELS)


def test_what_a_visitor_sends_as_context_is_dropped() -> None:
    """Foreign traceparent, tracestate and baggage neither sample, nor name, nor pass."""
    shop = Shop(ratio=0.0)
    seen = shop.client.get("/books/x", headers=FOREIGN).get_json(force=True)

    assert set() == FOREIGN.keys() & seen.keys()
    assert f"{7:032x}" not in seen["here"]
    assert seen["here"].endswith("-00")
    assert [] == shop.spans


def test_a_sampled_request_is_one_root_span() -> None:
    """Stable attribute names, the route in the name, no parent, and the ids of the log line."""
    shop = Shop(ratio=1.0)
    seen = shop.client.get("/books/x", headers=FOREIGN).get_json(force=True)
    (span,) = shop.spans

    assert seen["here"] == span.context.traceparent
    assert ("GET /books/<title>", 0, None) == (span.name, span.parent_id, span.error)
    assert {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/books/<title>",
    } == dict(span.attributes)
    assert 0 < span.start_ns <= span.end_ns
    assert [(span.context.trace_hex, span.context.span_hex, "info")] == [
        (line["trace_id"], line["span_id"], line["level"]) for line in shop.lines
    ]


def test_a_failed_request_is_marked_on_its_span() -> None:
    """Status 500 makes the span an error with `error.type`; 404 does not (HTTP server spans)."""
    shop = Shop(ratio=1.0)
    shop.client.get("/crash")
    shop.client.get("/nowhere")
    crash, nowhere = shop.spans

    assert ("HTTP 500", "500") == (crash.error, dict(crash.attributes)["error.type"])
    assert ("GET", None, False) == (
        nowhere.name,
        nowhere.error,
        "error.type" in dict(nowhere.attributes),
    )


def test_an_unsampled_request_is_silent_unless_slow_or_failed() -> None:
    """Quick and good leaves no line; slow leaves a warning with ids, so that it can be found."""
    shop = Shop(ratio=0.0, slow_seconds=0.3)
    shop.client.get("/healthz")
    assert [] == shop.lines
    shop.client.get("/slow")
    (line,) = shop.lines

    assert ("warning", "/slow", 200) == (
        line["level"],
        line["http_route"],
        line["http_response_status_code"],
    )
    assert line["seconds"] >= 0.3
    assert 32 == len(line["trace_id"])
    assert [] == shop.spans


def test_sampling_is_decided_once_a_request() -> None:
    """Of 2,000 requests at 0.1 those have a span, and one each, that OpenTelemetry would sample."""
    places: list[TraceContext] = []
    spans = Spans()

    def app(_environ: object, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - PEP 3333
        places.append(place())
        start_response("200 OK", [])
        return ()

    edge = Edge(app, Outlets(spans=spans), 0.1)
    for _ in range(2_000):
        edge({"REQUEST_METHOD": "GET"}, lambda *_said: lambda _data: None)

    sampler = TraceIdRatioBased(0.1)
    sampled = [
        each
        for each in places
        if sampler.should_sample(None, each.trace_id, "").decision is Decision.RECORD_AND_SAMPLE
    ]
    assert sampled == [span.context for span in spans]
    assert 2_000 == len({each.trace_id for each in places})


def test_a_probe_starts_no_trace() -> None:
    """Paths named untraced are measured, and never sampled."""
    shop = Shop(ratio=1.0)
    for _ in range(20):
        shop.client.get("/healthz")

    assert [] == shop.spans
    assert {"GET /healthz 200": 20} == shop.requests()


def test_a_request_leaves_no_context_behind() -> None:
    """After the answer the thread is nobody's, so the next request cannot inherit ids."""
    shop = Shop(ratio=1.0)
    shop.client.get("/books/x")
    shop.client.get("/crash")

    assert None is current.get()
    assert 2 == len({span.context.trace_id for span in shop.spans})


def test_exemplars_name_sampled_requests_only() -> None:
    """A bucket's exemplar is the trace id of a request whose trace exists."""
    for ratio in (0.0, 1.0):
        shop = Shop(ratio=ratio)
        shop.client.get("/books/x")

        assert [span.context.trace_hex for span in shop.spans] == list(exemplars(shop.tally))


def exemplars(tally: Tally) -> Iterator[str]:
    """Yield the trace ids on a registry's buckets."""
    for family in tally.registry.collect():
        for sample in family.samples:
            if sample.exemplar is not None:
                yield sample.exemplar.labels["trace_id"]


def test_telemetry_that_is_off_leaves_the_application_alone() -> None:
    """With metrics, traces and logs off no middleware is put in front."""
    app = flask.Flask("shop")
    before = app.wsgi_app
    off = Telemetry(settings(metrics=False, traces=False, logs=False), "shop")
    instrument_flask(app, off)

    assert before == app.wsgi_app
