"""The edge: where HTTP comes in, a trace begins, and sampling is decided once.

What a visitor sends as `traceparent`, `tracestate` or `baggage` is dropped: from a NodePort anyone
could force sampling or push data to the backends. Each request starts a new trace.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from meshdoctor.telemetry.context import TraceContext, current, exemplar, new_root
from meshdoctor.telemetry.instruments import Instruments
from meshdoctor.telemetry.logs import line_ids
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.spans import Attribute, FinishedSpan, SpanKind, span_times

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FOREIGN: Final = ("HTTP_TRACEPARENT", "HTTP_TRACESTATE", "HTTP_BAGGAGE")
_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
)
_PLANNED: Final = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH"})
_OTHER: Final = "_OTHER"
_CALLER_ERRORS: Final = range(400, 500)
_SERVER_ERRORS: Final = 500


class Edge:
    """WSGI middleware that measures, samples, traces and logs requests.

    The metric tells method and route of what the application planned: a GET, POST, PUT, DELETE or
    PATCH that it did not refuse. Whatever else visitors send (any 4xx, HEAD, OPTIONS, methods that
    nobody knows) is `_OTHER` on no route, told by its status alone. A histogram is 16 series for
    each set of labels, so that without this one visitor's methods and malformed headers on every
    route make a thousand. Spans and lines name method and route of all requests.

    Args:
        app: the application behind. Measured until it returns, by when it has called
            `start_response`, as Flask does.
        outlets: where metrics, spans and lines go.
        ratio: share of requests that are traced, 0..1.
        route_of: tells the route's template, asked when the application has returned; "" for none.
            Never the path: no visitor may make new series (semantic conventions, `http.route`).
        untraced: paths that never start a trace: the probes of the kubelet.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        outlets: Outlets,
        ratio: float,
        route_of: "Callable[[WSGIEnvironment], str]" = lambda _environ: "",
        untraced: Collection[str] = (),
    ) -> None:
        self._app = app
        self._outlets = outlets
        self._ratio = ratio
        self._route_of = route_of
        self._untraced = frozenset(untraced)
        self._durations: dict[tuple[str, str, int], Any] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        for name in _FOREIGN:
            environ.pop(name, None)
        context = new_root(0.0 if environ.get("PATH_INFO", "") in self._untraced else self._ratio)
        token = current.set(context)
        status = _Status(start_response)
        instruments = self._outlets.instruments
        if instruments is not None:
            instruments.http_server_active.of().add(status)
        start = time.perf_counter()
        try:
            return self._app(environ, status)
        except BaseException:
            status.code = _SERVER_ERRORS  # whatever it had said before
            raise
        finally:
            seconds = time.perf_counter() - start
            if instruments is not None:
                instruments.http_server_active.of().discard(status)
            method = environ["REQUEST_METHOD"]
            self._outlets.note(
                self._write,
                _Request(
                    context,
                    method if method in _METHODS else _OTHER,
                    self._route_of(environ),
                    status.code,
                    seconds,
                    time.time(),
                ),
            )
            current.reset(token)

    def _write(self, request: "_Request") -> None:
        outlets, context = self._outlets, request.context
        if outlets.instruments is not None:
            kind = request.method, request.route, request.code
            duration = self._durations.get(kind) or self._bind(outlets.instruments, *kind)
            duration.observe(request.seconds, exemplar(context))
        if context.sampled and outlets.spans is not None:
            outlets.spans.add(_span(request))
        if outlets.logger is not None and (
            context.sampled or request.failed or request.seconds >= outlets.slow_seconds
        ):
            outlets.logger.log(
                _level(request, outlets.slow_seconds),
                "http.request",
                http_request_method=request.method,
                http_route=request.route,
                http_response_status_code=request.code,
                seconds=round(request.seconds, 4),
                **line_ids(context, request.at),
            )

    def _bind(self, instruments: Instruments, method: str, route: str, code: int) -> Any:  # noqa: ANN401 - prometheus-client's Histogram
        if method not in _PLANNED or code in _CALLER_ERRORS:
            labels = _OTHER, "", str(code)
        else:
            labels = method, route, str(code)
            if route and route not in self._untraced:
                # There before the first of them, so that it is an increase.
                instruments.http_server_duration.of(method, route, str(_SERVER_ERRORS))
        bound = self._durations[method, route, code] = instruments.http_server_duration.of(*labels)
        return bound


class _Request(NamedTuple):
    context: TraceContext
    method: str
    route: str
    code: int
    seconds: float
    at: float

    @property
    def failed(self) -> bool:
        return self.code >= _SERVER_ERRORS


class _Status:
    """A `start_response` that remembers the status; 500 until the application has said one."""

    __slots__ = ("_start_response", "code")

    def __init__(self, start_response: "StartResponse") -> None:
        self._start_response = start_response
        self.code = _SERVER_ERRORS

    def __call__(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: Any = None,  # noqa: ANN401 - PEP 3333's triple
    ) -> Callable[[bytes], object]:
        self.code = int(status[:3])
        return self._start_response(status, headers, exc_info)


def _level(request: _Request, slow_seconds: float) -> int:
    if request.failed:
        return logging.ERROR
    return logging.WARNING if request.seconds >= slow_seconds else logging.INFO


def _span(request: _Request) -> FinishedSpan:
    attributes: tuple[Attribute, ...] = (
        ("http.request.method", request.method),
        ("http.response.status_code", request.code),
        *((("http.route", request.route),) if request.route else ()),
        *((("error.type", str(request.code)),) if request.failed else ()),
    )
    return FinishedSpan(
        request.context,
        0,
        f"{request.method} {request.route}".rstrip(),
        SpanKind.SERVER,
        *span_times(request.at, request.seconds),
        attributes,
        f"HTTP {request.code}" if request.failed else None,
    )
