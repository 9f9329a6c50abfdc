"""The process that answers: made after granian's fork, because channels and threads die in one."""

from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

from marketplace.app import connect, create_app
from marketplace.settings import MarketplaceSettings
from meshdoctor.settings import settings_or_exit
from meshdoctor.telemetry import Telemetry
from meshdoctor.telemetry.logs import capture_stdlib

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def load() -> "WSGIApplication":
    """Start telemetry and channel and return the application (granian's worker calls it)."""
    settings = settings_or_exit(MarketplaceSettings)
    telemetry = Telemetry(settings, "marketplace")
    capture_stdlib(telemetry.logger)
    channel = connect(settings, telemetry)
    app = create_app(settings, telemetry, channel)
    telemetry.serve_metrics(settings.metrics_host, settings.metrics_port)

    def close() -> None:
        channel.close()
        telemetry.shutdown()

    # granian returns from serving when the last request in flight has ended, and multiprocessing
    # then runs its finalizers: telemetry is flushed last. `atexit` would not run here.
    Finalize(None, close, exitpriority=10)
    telemetry.logger.info("marketplace.ready", host=settings.host, port=settings.port)
    return app
