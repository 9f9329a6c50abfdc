"""The marketplace's web application, put together from what it is given."""

from itertools import product

import flask
import grpc

from marketplace.books import GUEST, Category, Freshness, Wish, WishError, read_wish
from marketplace.guard import guard, problem
from marketplace.settings import MarketplaceSettings
from marketplace.shelf import METHOD, Selection, Shelf
from meshdoctor.mesh import ClientTls, MeshChannel, MeshPolicy, Resolver, Target
from meshdoctor.mesh.resolver import parse_servers
from meshdoctor.mesh.sideprobe import side_probe
from meshdoctor.telemetry import Telemetry
from meshdoctor.telemetry.flask_app import instrument_flask

FRESHNESS_HEADER = "X-Mesh-Freshness"
PROBES = ("/healthz", "/readyz")


def connect(settings: MarketplaceSettings, telemetry: Telemetry) -> MeshChannel:
    """Return the channel to the recommendations service, as the settings say.

    Raises:
        TlsFileError: TLS is on, and its files cannot be used.
    """
    resolver = Resolver(parse_servers(settings.dns_servers))
    files = settings.tls_files
    tls = ClientTls(files, telemetry.logger) if files else None
    calls = telemetry.client_calls(
        settings.recommendations_target,
        lambda target: side_probe(resolver, target, tls.greets if tls else None),
    )
    policy = MeshPolicy(
        deadline_seconds=settings.deadline_seconds,
        second_try_seconds=settings.second_try_seconds,
        retry_ratio=settings.retry_budget,
        idempotent={METHOD},
    )
    return MeshChannel(
        Target.parse(settings.recommendations_target),
        policy,
        calls,
        resolver=resolver,
        fallback=settings.fallbacks,
        credentials=tls,
    )


def create_app(
    settings: MarketplaceSettings, telemetry: Telemetry, channel: grpc.Channel
) -> flask.Flask:
    """Put the application together.

    Args:
        settings: deadlines.
        telemetry: where its requests are told; may be off.
        channel: to the recommendations service.
    """
    app = flask.Flask("marketplace")
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    # By default Flask escapes in files named .html, not in .html.j2: say it, whatever their names.
    app.jinja_env.autoescape = True
    guard(app)
    _shop(app, Shelf(channel, settings.deadline_seconds), telemetry)
    _probes(app)
    instrument_flask(app, telemetry, PROBES)
    return app


def _shop(app: flask.Flask, shelf: Shelf, telemetry: Telemetry) -> None:
    template = app.jinja_env.get_template("page.html.j2")
    _expect_answers(telemetry, "/", "/api/v1/recommendations")

    @app.get("/")
    def page() -> flask.Response:
        asked = flask.request.args
        wish = read_wish(
            asked.get("category", Category.MYSTERY), asked.get("user", GUEST) or GUEST, "3"
        )
        selection = shelf.select(wish)
        body = template.render(wish=wish, selection=selection, categories=tuple(Category))
        return _told("/", selection, flask.Response(body, mimetype="text/html"))

    @app.get("/api/v1/recommendations")
    def recommendations() -> flask.Response:
        asked = flask.request.args
        wish = read_wish(
            asked.get("category", ""), asked.get("user_id", ""), asked.get("max_results", "3")
        )
        selection = shelf.select(wish)
        return _told("/api/v1/recommendations", selection, flask.jsonify(_as_json(wish, selection)))

    @app.errorhandler(WishError)
    def _bad_wish(error: WishError) -> flask.Response:
        return problem(400, "Bad Request", str(error))

    def _told(route: str, selection: Selection, response: flask.Response) -> flask.Response:
        response.headers[FRESHNESS_HEADER] = selection.freshness
        if telemetry.instruments is not None:
            telemetry.instruments.http_server_freshness.of(route, selection.freshness).inc()
        return response


def _expect_answers(telemetry: Telemetry, *routes: str) -> None:
    if telemetry.instruments is not None:
        for route, freshness in product(routes, Freshness):
            # There at 0 before the first of them, so that the first is an increase.
            telemetry.instruments.http_server_freshness.of(route, freshness)


def _as_json(wish: Wish, selection: Selection) -> dict[str, object]:
    return {
        "category": wish.category,
        "user_id": wish.user_id,
        "freshness": selection.freshness,
        "books": [book._asdict() for book in selection.books],
    }


def _probes(app: flask.Flask) -> None:
    # Ready without a backend: a page of remembered books is better than no page.
    for path in PROBES:
        app.add_url_rule(path, path, lambda: flask.Response("ok", mimetype="text/plain"))
