"""The edge in front of a Flask application: one call, for who has Flask."""

from typing import TYPE_CHECKING, Final

import flask
from werkzeug.routing import Rule

from meshdoctor.telemetry.assembly import Telemetry
from meshdoctor.telemetry.edge import Edge

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_ROUTE: Final = "meshdoctor.route"


def instrument_flask(
    app: flask.Flask, telemetry: Telemetry, untraced: tuple[str, ...] = ()
) -> None:
    """Measure, sample, trace and log the requests of `app`; nothing when telemetry is off.

    Args:
        app: instrumented in place.
        telemetry: where it goes.
        untraced: paths that never start a trace, such as the kubelet's probes.
    """
    if telemetry.settings.is_off:
        return
    app.request_class = _noting(app.request_class)
    app.wsgi_app = Edge(  # type: ignore[method-assign]
        app.wsgi_app, telemetry.outlets, telemetry.settings.ratio, route_of, untraced
    )


def route_of(environ: "WSGIEnvironment") -> str:
    """Return the template of the route that Flask found, "" when it found none."""
    return str(environ.get(_ROUTE, ""))


def _noting(base: type[flask.Request]) -> type[flask.Request]:
    """Return a request class that writes the route's template into the WSGI environment.

    A `before_request` hook would know the route as well and cost ten times as much: of each hook,
    for each request, Flask asks whether it is a coroutine.
    """

    class NotingRequest(base):  # type: ignore[misc, valid-type]  # the base is the application's
        _rule: Rule | None = None

        @property
        def url_rule(self) -> Rule | None:
            """The rule that Flask found."""
            return self._rule

        @url_rule.setter
        def url_rule(self, rule: Rule | None) -> None:
            self._rule = rule
            if rule is not None:
                self.environ[_ROUTE] = rule.rule

    return NotingRequest
