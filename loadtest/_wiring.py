"""How the load test hangs on Locust: its options, its shapes, the counting and the judgement.

Locust finds nothing to run in here: a shape class in a locustfile would silence --users and
--run-time for good, so it is chosen when the options are known.
"""

import logging
import os
import time
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, ClassVar

from locust import FastHttpUser, LoadTestShape, log
from locust.argument_parser import LocustArgumentParser
from locust.contrib.fasthttp import FastResponse
from locust.env import Environment
from locust.event import Events
from locust.exception import CatchResponseError
from locust.runners import LocalRunner, Runner, WorkerRunner

from _answers import FRESHNESS_HEADER, header
from _gate import Outcome, judge, sentence, silence
from _result import document, write
from _shapes import SHAPES, STEADY, Shape
from _slo import LATENCY_THRESHOLD_MS, OBJECTIVES
from _tally import Request, Tally

logger = logging.getLogger("loadtest")

TALLY = "tally"
MAX_SPAWN_RATE = 100  # Locust warns above it
SAMPLE_SECONDS = 0.2
SHAPE_HELP = "; ".join(f"{name}: {shape.meaning}" for name, shape in SHAPES.items())


def install(events: Events) -> None:
    """Hang the load test on Locust's events; call it while the locustfile is imported.

    Locust fires `quitting` in reverse order: registered this early, the judgement comes after the
    master has collected the last reports of its workers.

    Args:
        events: `locust.events`.
    """
    run = LoadRun()
    listeners = {
        "init_command_line_parser": add_options,
        "init": run.prepare,
        "test_start": run.start,
        "request": run.count,
        "report_to_master": run.report,
        "worker_report": run.collect,
        "quitting": run.finish,
    }
    for event, listener in listeners.items():
        getattr(events, event).add_listener(listener)


def add_options(parser: LocustArgumentParser, **_: object) -> None:
    """Add our options, and listen on loopback unless told."""
    group = parser.add_argument_group(
        "Bookstore options",
        "Here --web-host and --master-bind-host default to 127.0.0.1: Locust's ports are open to "
        "whoever reaches them.",
    )
    group.add_argument(
        "--shape",
        choices=[STEADY, *SHAPES],
        default=STEADY,
        env_var="MESH_LOAD_SHAPE",
        help=f"{SHAPE_HELP}; {STEADY} (default): as --users, --spawn-rate and --run-time say. "
        "For the others --users is the peak and --run-time the length.",
    )
    group.add_argument(
        "--result",
        type=result_file,
        default="",
        metavar="<filename>",
        env_var="MESH_LOAD_RESULT",
        help="Write what was measured and judged to this JSON file at the end",
    )
    parser.set_defaults(web_host="127.0.0.1", master_bind_host="127.0.0.1")


def result_file(text: str) -> str:
    """Check that the result can be written there, before any load is made.

    Args:
        text: The option's value; it stays a string because Locust sends it to its workers.

    Returns:
        The value.

    Raises:
        ArgumentTypeError: There is no such folder, or nothing can be written to it.
    """
    folder = Path(text).absolute().parent
    if text and not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise ArgumentTypeError(f"cannot write {text}: {folder} is no folder we may write to")
    return text


class CurveShape(LoadTestShape):
    """Follows one of our shapes; the options are read at every tick, for the web UI sets them."""

    use_common_options: ClassVar[bool] = True

    def __init__(self, shape: Shape, environment: Environment) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust's is
        self.shape = shape
        self.environment = environment
        self.runner = environment.runner

    def tick(self) -> tuple[int, float] | None:
        """Say how many users there are now; Locust asks once a second."""
        options: Any = self.environment.parsed_options
        users = self.shape.users(
            self.get_run_time(),  # type: ignore[no-untyped-call]  # Locust's is
            peak=options.num_users or 1,
            seconds=float(options.run_time or self.shape.seconds),
        )
        return None if users is None else (users, MAX_SPAWN_RATE)


class LoadRun:
    """One process of the load test: it counts; the local runner and the master judge as well."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.users: dict[int, int] = {}
        self.started: float | None = None
        self.silence_told = False

    def prepare(self, environment: Environment, runner: Runner, **_: object) -> None:
        """Choose the shape, and begin to watch the number of users."""
        # gevent's clock stood still while everything was imported; a turn of its loop sets it
        # right. Without it --run-time 4s ends after 2.5 s.
        time.sleep(0.01)
        if isinstance(runner, WorkerRunner):
            return
        options: Any = environment.parsed_options
        if shape := SHAPES.get(options.shape):
            environment.shape_class = CurveShape(shape, environment)
        if isinstance(runner, LocalRunner) and not environment.stop_timeout:
            # Otherwise the slowest requests, those still under way at the end, are never counted.
            users = [user for user in runner.user_classes if issubclass(user, FastHttpUser)]
            environment.stop_timeout = max((user.network_timeout for user in users), default=0.0)
        runner.greenlet.spawn(self._watch_users, runner)

    def start(self, **_: object) -> None:
        """Forget the run before: the web UI may start several."""
        self.tally = Tally()
        self.users.clear()
        self.started = time.time()
        self.silence_told = False

    def count(
        self,
        *,
        request_type: str,
        name: str,
        response_time: float,
        exception: Exception | None,
        response: FastResponse,
        **_: object,
    ) -> None:
        """Count one finished request."""
        broken = exception is not None and not isinstance(exception, CatchResponseError)
        request = Request(
            method=request_type,
            name=name,
            ended=time.time(),
            milliseconds=response_time,
            status=0 if broken else response.status_code,
            freshness="" if broken else header(response.headers, FRESHNESS_HEADER),
            error=_text(exception),
        )
        self.tally.add(request, threshold_ms=LATENCY_THRESHOLD_MS)
        if broken and not self.silence_told:
            self.silence_told = True
            logger.error("%s does not answer: %s", response.url, request.error)

    def report(self, data: dict[str, Any], **_: object) -> None:
        """On a worker: hand what was counted since the last time to the master."""
        data[TALLY] = self.tally.plain()
        self.tally = Tally()

    def collect(self, data: dict[str, Any], **_: object) -> None:
        """On the master: add up what a worker counted."""
        self.tally.merge(data[TALLY])

    def finish(self, environment: Environment, **_: object) -> None:
        """Judge the run, write the result, and set the exit code of the process."""
        options: Any = environment.parsed_options
        idle = self.started is None and not options.headless
        if isinstance(environment.runner, WorkerRunner) or environment.runner is None or idle:
            return
        environment.runner.stop()
        outcomes = judge(self.tally.counts, OBJECTIVES)
        self._tell(outcomes, environment)
        kept = self._save(options.result, outcomes)
        if not all(outcome.met for outcome in outcomes) or not kept:
            environment.process_exit_code = 1
        elif not environment.runner.exceptions and not log.unhandled_greenlet_exception:
            # Failures within the error budget are no reason to fail; a broken load test is.
            environment.process_exit_code = 0

    def _tell(self, outcomes: tuple[Outcome, ...], environment: Environment) -> None:
        host = environment.host or environment.user_classes[0].host or ""
        if told := silence(self.tally.counts, host):
            logger.error(told)
        for outcome in outcomes:
            logger.log(logging.INFO if outcome.met else logging.ERROR, sentence(outcome))

    def _save(self, result: str, outcomes: tuple[Outcome, ...]) -> bool:
        if not result:
            return True
        started = self.started or time.time()
        try:
            write(Path(result), document(self.tally, outcomes, self.users, started=started))
        except OSError as error:
            logger.error("cannot write the result to %s: %s", result, error)  # noqa: TRY400  no trace
            return False
        return True

    def _watch_users(self, runner: Runner) -> None:
        while True:
            if count := runner.user_count:
                second = int(time.time())
                self.users[second] = max(count, self.users.get(second, 0))
            time.sleep(SAMPLE_SECONDS)


def _text(exception: Exception | None) -> str:
    if exception is None:
        return ""
    if isinstance(exception, CatchResponseError):
        return str(exception)
    return f"{type(exception).__name__}: {exception}"
