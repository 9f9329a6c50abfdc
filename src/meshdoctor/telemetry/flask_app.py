"""The edge in front of a Flask application: one call, for who has Flask."""

import flask

from meshdoctor.telemetry.assembly import Telemetry
from meshdoctor.telemetry.edge import ROUTE, Edge


def instrument_flask(
    app: flask.Flask, telemetry: Telemetry, untraced: tuple[str, ...] = ()
) -> None:
    """Measure, sample, trace and log the requests of `app`; nothing when telemetry is off.

    The route's template, never the path, becomes the label `http_route`, so that no visitor can
    make new series (semantic conventions 1.45, `http.route`).

    Args:
        app: instrumented in place.
        telemetry: where it goes.
        untraced: paths that never start a trace, such as the kubelet's probes.
    """
    if telemetry.settings.is_off:
        return

    @app.before_request
    def _tell_route() -> None:
        request = flask.request
        if request.url_rule is not None:
            request.environ[ROUTE] = request.url_rule.rule

    app.wsgi_app = Edge(  # type: ignore[method-assign]
        app.wsgi_app, telemetry.outlets, telemetry.settings.ratio, untraced
    )
