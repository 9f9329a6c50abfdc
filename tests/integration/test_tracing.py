"""Traces from HTTP through the gRPC client to the gRPC server, received over OTLP."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, NamedTuple

import flask
import grpc
import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from meshdoctor.lab.model import Span
from meshdoctor.lab.traces import TraceReceiver
from meshdoctor.mesh import MeshChannel, MeshPolicy, Target
from meshdoctor.telemetry import ClientCalls, Telemetry, TelemetrySettings, client_interceptor
from meshdoctor.telemetry.context import TRACEPARENT, TraceContext, new_root, parse
from meshdoctor.telemetry.flask_app import instrument_flask
from tests.support.deeds import DO, POUR, DeedsServer

pytestmark = pytest.mark.integration

SECONDS = 5.0
FOREIGN = {
    "traceparent": f"00-{7:032x}-{8:016x}-01",
    "tracestate": "vendor=1",
    "baggage": "user=admin",
    "b3": f"{7:032x}-{8:016x}-1",
}


class Answer(NamedTuple):
    """What a visitor got: the status, and the metadata that the backend got for it."""

    status: int
    metadata: list[tuple[str, str]]

    @property
    def traceparent(self) -> TraceContext:
        """The one trace context that the backend got."""
        (sent,) = [value for key, value in self.metadata if key == TRACEPARENT]
        context = parse(sent)
        assert context is not None
        return context


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_request: object) -> None:
        """Requests are no news."""


class Shop:
    """A web application over real HTTP in front of a real gRPC server; each has its telemetry.

    `/call` calls the backend plainly, `/future` without waiting, `/pour` reads a stream; each
    passes its query on as the deed to do.

    Attributes:
        store: the spans that an OTLP collector received.
    """

    def __init__(self, stack: ExitStack, kind: str, ratio: float) -> None:
        receiver = stack.enter_context(TraceReceiver("127.0.0.1", 0))
        self.store = receiver.store
        self._telemetry = [
            Telemetry(
                TelemetrySettings.model_validate(
                    {"otlp_endpoint": receiver.endpoint, "sampler_ratio": each, "logs": False}
                ),
                service,
            )
            # The backend's own ratio must not matter: the edge decides.
            for service, each in (("web", ratio), ("backend", 1.0 - ratio))
        ]
        web, backend = self._telemetry
        self.server = stack.enter_context(DeedsServer(backend.outlets))
        calls = web.client_calls(self.server.address)
        assert calls is not None
        self._app = flask.Flask("web")
        self._routes(self._channel(stack, kind, calls))
        instrument_flask(self._app, web)
        self._port = self._listen(stack)

    def visit(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Ask for a page."""
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)) as link:
            link.request("GET", path.replace(" ", "%20"), headers=headers or {})
            response = link.getresponse()
            body = response.read()
            return Answer(response.status, json.loads(body) if response.status == 200 else [])

    def spans(self) -> list[Span]:
        """Return all spans, after everyone has told theirs."""
        self.server.idle()
        for each in self._telemetry:
            each.shutdown()
        return self.store.spans()

    def _channel(self, stack: ExitStack, kind: str, calls: ClientCalls) -> grpc.Channel:
        if kind == "mesh":
            target = Target("127.0.0.1", self.server.port)
            return stack.enter_context(MeshChannel(target, MeshPolicy(SECONDS), calls))
        raw = stack.enter_context(grpc.insecure_channel(self.server.address))
        return grpc.intercept_channel(raw, client_interceptor(calls))

    def _routes(self, channel: grpc.Channel) -> None:
        do: Any = channel.unary_unary(f"/{DO}")
        pour: Any = channel.unary_stream(f"/{POUR}")

        @self._app.get("/call")
        def call() -> flask.Response:
            return told(do(deed(), timeout=SECONDS))

        @self._app.get("/future")
        def future() -> flask.Response:
            return told(do.future(deed(), timeout=SECONDS).result())

        @self._app.get("/pour")
        def read() -> flask.Response:
            list(pour(deed(), timeout=SECONDS))
            return told(b"[]")

        @self._app.get("/nothing")
        def nothing() -> flask.Response:
            return told(b"[]")

    def _listen(self, stack: ExitStack) -> int:
        server = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        return server.port


def deed() -> bytes:
    """Read the deed that a request asks for."""
    return flask.request.query_string.replace(b"%20", b" ")


def told(metadata: bytes) -> flask.Response:
    """Answer with what the backend was sent."""
    return flask.Response(metadata, mimetype="application/json")


@contextmanager
def a_shop(kind: str = "mesh", ratio: float = 1.0) -> Iterator[Shop]:
    """Give a shop."""
    with ExitStack() as stack:
        yield Shop(stack, kind, ratio)


def chain(spans: list[Span]) -> list[tuple[str, str, str]]:
    """Follow one trace from its root down; return service, kind and name of each span."""
    (root,) = [span for span in spans if not span.parent_id]
    seen, above = [], root
    while True:
        seen.append((above.service, above.kind, above.name))
        below = [span for span in spans if span.parent_id == above.span_id]
        if not below:
            break
        (above,) = below
    assert len(seen) == len(spans)
    return seen


@pytest.mark.parametrize("kind", ["mesh", "plain"])
@pytest.mark.parametrize(("path", "rpc"), [("/call", DO), ("/future", DO), ("/pour", POUR)])
def test_a_request_is_three_spans_in_one_trace(kind: str, path: str, rpc: str) -> None:
    """Web server, client, server: one root without parent, each the child of the one above."""
    with a_shop(kind) as shop:
        assert 200 == shop.visit(f"{path}?ok").status
        spans = shop.spans()

    assert 1 == len({span.trace_id for span in spans})
    assert [
        ("web", "SERVER", f"GET {path}"),
        ("web", "CLIENT", rpc),
        ("backend", "SERVER", rpc),
    ] == chain(spans)


def test_a_span_lies_within_its_parent() -> None:
    """A child begins after its parent and takes less time; times are Unix nanoseconds."""
    with a_shop() as shop:
        shop.visit("/call?sleep 0.02")
        root, client, server = sorted(shop.spans(), key=lambda span: span.start_ns)

    assert root.start_ns <= client.start_ns <= server.start_ns
    took = [span.end_ns - span.start_ns for span in (server, client, root)]
    assert took == sorted(took)
    assert 20_000_000 <= took[0] < 5_000_000_000
    assert 60 > abs(time.time() - root.start_ns / 1e9)


@pytest.mark.parametrize("path", ["/call", "/future"])
def test_requests_at_the_same_time_keep_their_own_traces(path: str) -> None:
    """Twenty visitors at once, futures among them: twenty complete traces, no span in another."""
    with a_shop("plain") as shop:
        crowd = [
            threading.Thread(target=shop.visit, args=(f"{path}?sleep 0.05",)) for _ in range(20)
        ]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
        spans = shop.spans()

    traces = {span.trace_id for span in spans}
    assert 20 == len(traces)
    for trace in traces:
        assert 3 == len(chain([span for span in spans if span.trace_id == trace]))


def test_ratio_nothing_is_no_span_and_still_a_trace() -> None:
    """Unsampled requests make no span anywhere, and their ids reach the backend, flag 00."""
    with a_shop(ratio=0.0) as shop:
        sent = [shop.visit("/call?ok").traceparent for _ in range(20)]
        spans = shop.spans()

    assert [] == spans
    assert [False] * 20 == [context.sampled for context in sent]
    assert 20 == len({context.trace_id for context in sent})


def test_ratio_one_is_three_spans_a_request() -> None:
    """No request is sampled twice and none is missed, whatever the backend's own ratio."""
    with a_shop(ratio=1.0) as shop:
        for _ in range(50):
            shop.visit("/call?ok")

        assert 3 * 50 == len(shop.spans())


def test_a_sampled_share_is_whole_traces() -> None:
    """At a ratio between, a trace has all its spans or none, and the header told which."""
    with a_shop(ratio=0.5) as shop:
        sent = [shop.visit("/call?ok").traceparent for _ in range(60)]
        spans = shop.spans()

    sampled = {context.trace_hex for context in sent if context.sampled}
    assert sampled == {span.trace_id for span in spans}
    assert 3 * len(sampled) == len(spans)
    assert 10 < len(sampled) < 50  # beyond five standard deviations of 60 tries at one half


@pytest.mark.parametrize("kind", ["mesh", "plain"])
def test_foreign_context_reaches_nobody(kind: str) -> None:
    """What a visitor sends as trace context or baggage neither samples nor travels on."""
    with a_shop(kind, ratio=0.0) as shop:
        answer = shop.visit("/call?ok", FOREIGN)
        spans = shop.spans()

    assert [] == spans
    assert {TRACEPARENT} == FOREIGN.keys() & {key for key, _value in answer.metadata}
    assert 7 != answer.traceparent.trace_id


def test_names_are_the_stable_ones() -> None:
    """HTTP and RPC attributes bear the names of the stable semantic conventions, no old ones."""
    with a_shop() as shop:
        shop.visit("/call?ok")
        root, client, server = sorted(shop.spans(), key=lambda span: span.start_ns)

    assert {
        "http.request.method": "GET",
        "http.route": "/call",
        "http.response.status_code": 200,
    } == root.attributes
    rpc = {"rpc.system.name": "grpc", "rpc.method": DO, "rpc.response.status_code": "OK"}
    assert rpc == client.attributes
    assert rpc == server.attributes
    assert {"UNSET"} == {span.status_code for span in (root, client, server)}


@pytest.mark.parametrize(
    ("deed", "code", "at_fault"),
    [
        ("abort INTERNAL", "INTERNAL", {"web SERVER", "web CLIENT", "backend SERVER"}),
        ("crash", "UNKNOWN", {"web SERVER", "web CLIENT", "backend SERVER"}),
        ("abort NOT_FOUND", "NOT_FOUND", {"web SERVER", "web CLIENT"}),
    ],
)
def test_errors_are_marked_where_they_are_errors(deed: str, code: str, at_fault: set[str]) -> None:
    """A failed call is an error to its client, and to its server unless the caller erred."""
    with a_shop() as shop:
        assert 500 == shop.visit(f"/call?{deed}").status
        spans = shop.spans()

    assert at_fault == {
        f"{span.service} {span.kind}" for span in spans if span.status_code == "ERROR"
    }
    calls = [span for span in spans if "rpc.method" in span.attributes]
    assert [code, code] == [span.attributes["error.type"] for span in calls]
    assert [code, code] == [span.attributes["rpc.response.status_code"] for span in calls]


def test_a_server_follows_any_caller() -> None:
    """A caller of another make that sends a sampled traceparent gets its server span below it."""
    root = new_root(1.0)
    with a_shop(ratio=0.0) as shop:
        with grpc.insecure_channel(shop.server.address) as raw:
            do: Any = raw.unary_unary(f"/{DO}")
            do(b"ok", metadata=((TRACEPARENT, root.traceparent),), timeout=SECONDS)
            do(b"ok", metadata=((TRACEPARENT, "nonsense"),), timeout=SECONDS)
            do(b"ok", timeout=SECONDS)
        (span,) = shop.spans()

    assert (root.trace_hex, root.span_hex) == (span.trace_id, span.parent_id)


def test_a_request_without_a_call_is_one_span() -> None:
    """A page that asks nobody is a root alone."""
    with a_shop() as shop:
        shop.visit("/nothing")

        assert [("web", "SERVER", "GET /nothing")] == chain(shop.spans())
