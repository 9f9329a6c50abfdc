"""The metrics page of the load test: /metrics, served from the event loop that the users run in.

A thread would have to fight the users for the interpreter; a greenlet takes one turn, and all that
it does in it is to add up a few hundred numbers.
"""

import logging
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import psutil  # type: ignore[import-untyped]
from gevent.pywsgi import WSGIServer  # type: ignore[import-untyped]
from locust.env import Environment
from locust.runners import Runner, WorkerRunner

from _metrics import CONTENT_TYPE, page
from _run import LoadRun

logger = logging.getLogger("loadtest")

PATH = "/metrics"
NOT_FOUND = b"The metrics are at /metrics, to a GET.\n"


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
        address = (options.metrics_host, options.metrics_port)
        told = application(lambda: page(self.run.tally, runner.user_count))
        server = WSGIServer(address, told, log=None)
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


def application(tell: Callable[[], str]) -> Any:  # noqa: ANN401  WSGI's
    """Make the WSGI application: what `tell` says at the moment of a scrape, to a GET alone."""

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:  # noqa: ANN401  WSGI's
        kind = ("Content-Type", CONTENT_TYPE)
        if environ["PATH_INFO"] != PATH:
            start_response("404 Not Found", [kind])
            return [NOT_FOUND]
        if environ["REQUEST_METHOD"] != "GET":
            start_response("405 Method Not Allowed", [kind, ("Allow", "GET")])
            return [NOT_FOUND]
        start_response("200 OK", [kind])
        return [tell().encode()]

    return answer


def problem(host: str, port: int, error: OSError) -> str:
    """Say why the page cannot be opened, and what to do."""
    reason, _, _address = (error.strerror or str(error)).partition(":")  # gevent adds the address
    return (
        f"port {port} on {host} cannot be used for the metrics page: {reason}; "
        "choose another with --metrics-port and --metrics-host"
    )
