"""Run the service as a process: `python -m recommendations`.

The order of its life: settings, catalogue, metrics port, gRPC port; a signal; not serving, drain,
and telemetry last, so that the calls which finish during the drain are still told.

Exit codes: 0 after SIGTERM or SIGINT, 1 when a port cannot be used, 2 for bad settings or a bad
catalogue.
"""

import os
import signal
import sys
from typing import NoReturn

from meshdoctor.mesh.server import MeshServer
from meshdoctor.settings import EXIT_USAGE, ListenError, listening, settings_or_exit
from meshdoctor.telemetry import Telemetry
from meshdoctor.telemetry.logs import capture_stdlib
from recommendations.catalogue import Catalogue, CatalogueError, load_catalogue
from recommendations.server import create_server
from recommendations.settings import NO_PORT, RecommendationsSettings

SIGNALS = (signal.SIGTERM, signal.SIGINT)
EXIT_FAILURE = 1


def main() -> int:
    """Run until a signal; return the exit code.

    The signals are blocked, not handled: every thread inherits that, `sigwait` takes them when the
    server is up, and one that comes earlier waits. As process 1 of a container, where a signal
    without a handler is lost, a blocked one is kept as well (signal(7), pid_namespaces(7)).
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    settings = settings_or_exit(RecommendationsSettings)
    if (trouble := settings.tls_trouble()) is not None:
        return _refuse(trouble, EXIT_USAGE)
    try:
        catalogue = load_catalogue(settings.catalogue)
    except CatalogueError as error:
        return _refuse(error, EXIT_USAGE)
    telemetry = Telemetry(settings, "recommendations")
    capture_stdlib(telemetry.logger)
    try:
        _serve(settings, catalogue, telemetry)
    except ListenError as error:
        return _refuse(error, EXIT_FAILURE)
    finally:
        telemetry.shutdown()
    telemetry.logger.info("server.stopped")  # after all that was still to be told
    return 0


def _serve(settings: RecommendationsSettings, catalogue: Catalogue, telemetry: Telemetry) -> None:
    server = create_server(settings, catalogue, telemetry.server_interceptors(), telemetry.logger)
    metrics_port = _serve_metrics(settings, telemetry)
    health_port = _serve_health(settings, server)
    port = _serve_calls(settings, server)
    telemetry.logger.info(
        "server.serving",
        host=str(settings.host),
        port=port,
        metrics_port=metrics_port,
        health_port=health_port,
        tls=settings.tls_files is not None,
    )
    caught = signal.sigwait(SIGNALS)
    telemetry.logger.info("server.draining", signal=signal.Signals(caught).name)
    server.drain()


def _serve_metrics(settings: RecommendationsSettings, telemetry: Telemetry) -> int | None:
    if settings.metrics_port == NO_PORT:
        return None
    host, port = str(settings.metrics_host), settings.metrics_port
    with listening(host, port, "RECOMMENDATIONS_METRICS_PORT"):
        return telemetry.serve_metrics(host, port)


def _serve_health(settings: RecommendationsSettings, server: MeshServer) -> int | None:
    if settings.health_port == NO_PORT:
        return None
    host, port = str(settings.host), settings.health_port
    with listening(host, port, "RECOMMENDATIONS_HEALTH_PORT"):
        return server.start_health(host, port)


def _serve_calls(settings: RecommendationsSettings, server: MeshServer) -> int:
    host, port = str(settings.host), settings.port
    with listening(host, port, "RECOMMENDATIONS_PORT"):
        return server.start(host, port)


def _refuse(error: Exception | str, code: int) -> int:
    print(error, file=sys.stderr)  # noqa: T201 - for the person who started it, not for the log
    return code


def _leave(code: int) -> NoReturn:
    """End the process now, everything being said and closed.

    The interpreter's own exit would wait for handlers that hang: `concurrent.futures` joins its
    threads there, for ever if need be, and the process would miss the end of its grace.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main())
