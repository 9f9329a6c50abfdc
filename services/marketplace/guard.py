"""What protects visitor and service on every answer: headers, limits, errors without innards."""

from typing import Final

import flask
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestURITooLarge

MAX_BODY_BYTES: Final = 64 * 1024
_MAX_QUERY_BYTES: Final = 4 * 1024

HEADERS: Final = (
    (
        "Content-Security-Policy",
        (
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


def guard(app: flask.Flask) -> None:
    """Put limits, headers and error pages on every route of `app`."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES

    @app.before_request
    def _limits() -> None:
        request = flask.request
        # No route reads a body, so nothing else would ever look at its size.
        if (request.content_length or 0) > MAX_BODY_BYTES:
            raise RequestEntityTooLarge
        if len(request.query_string) > _MAX_QUERY_BYTES:
            raise RequestURITooLarge

    @app.after_request
    def _headers(response: flask.Response) -> flask.Response:
        for name, value in HEADERS:
            response.headers[name] = value
        return response

    @app.errorhandler(HTTPException)
    def _problem(error: HTTPException) -> flask.Response:
        response = problem(error.code or 500, error.name, error.description or "")
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _crash(error: Exception) -> flask.Response:
        app.logger.error("unhandled", exc_info=error)
        return problem(500, "Internal Server Error", "Something went wrong on our side.")


def problem(status: int, title: str, detail: str) -> flask.Response:
    """Return an error for a program or a person, whichever asks.

    Programs get application/problem+json (RFC 9457), browsers a small page.
    """
    if flask.request.accept_mimetypes.best == "text/html" or (
        "text/html" in flask.request.headers.get("Accept", "")
    ):
        page = flask.render_template("error.html.j2", title=title, detail=detail)
        return flask.Response(page, status, mimetype="text/html")
    body = flask.json.dumps(
        {"type": "about:blank", "title": title, "status": status, "detail": detail}
    )
    return flask.Response(body, status, mimetype="application/problem+json")
