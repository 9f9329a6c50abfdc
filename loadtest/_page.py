"""The metrics page of the load test: /metrics, served from the event loop that the users run in.

A thread would have to fight the users for the interpreter; a greenlet takes one turn, and all that
it does in it is to add up a few hundred numbers.
"""

import logging
import sys
from typing import Any, NoReturn

import psutil  # type: ignore[import-untyped]
from gevent.pywsgi import WSGIServer  # type: ignore[import-untyped]
from locust.env import Environment
from locust.runners import Runner, WorkerRunner
from prometheus_client import CollectorRegistry, make_wsgi_app

from _metrics import LoadCollector
from _run import LoadRun

logger = logging.getLogger("loadtest")

PATH = "/metrics"
NOT_FOUND = b"The metrics are at /metrics.\n"


class Page:
    """Open from before the load until the process quits. A worker has none: its master has all."""

    def __init__(self, run: LoadRun) -> None:
        self.run = run
        self.server: WSGIServer | None = None

    def open(self, environment: Environment, runner: Runner, **_: object) -> None:
        """Listen, if a port was given.

        Raises:
            SystemExit: With 2, after one sentence: nobody may listen there.
        """
        options: Any = environment.parsed_options
        if not options.metrics_port or isinstance(runner, WorkerRunner):
            return
        collector = LoadCollector(lambda: self.run.tally, lambda: runner.user_count)
        address = (options.metrics_host, options.metrics_port)
        server = WSGIServer(address, application(collector), log=None)
        try:
            server.start()
        except OSError as error:
            refuse(problem(*address, error))
        self.server = server
        logger.info("metrics for Prometheus at http://%s:%d%s", *address, PATH)

    def close(self, **_: object) -> None:
        """Give the port back."""
        if self.server is not None:
            self.server.stop()


def refuse(reason: str) -> NoReturn:
    """Say why and end, with 2 as for every bad option.

    With --processes the workers are forked by now, and Locust leaves them behind when their master
    ends this early.
    """
    sys.stderr.write(f"locust: error: {reason}\n")
    for worker in psutil.Process().children():
        worker.terminate()
    raise SystemExit(2)


def application(collector: LoadCollector) -> Any:  # noqa: ANN401  prometheus_client does not say
    """Make the WSGI application: OpenMetrics or Prometheus' text, as the scraper accepts."""
    registry = CollectorRegistry()
    registry.register(collector)
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:  # noqa: ANN401  WSGI's
        if environ["PATH_INFO"] == PATH:
            return metrics(environ, start_response)  # type: ignore[no-any-return]
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [NOT_FOUND]

    return answer


def problem(host: str, port: int, error: OSError) -> str:
    """Say why the page cannot be opened, and what to do."""
    reason, _, _address = (error.strerror or str(error)).partition(":")  # gevent adds the address
    return (
        f"port {port} on {host} cannot be used for the metrics page: {reason}; "
        "choose another with --metrics-port and --metrics-host"
    )
