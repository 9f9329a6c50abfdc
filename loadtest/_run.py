"""One run in one process: it counts requests and users, and judges what was counted."""

import logging
import time
from pathlib import Path
from typing import Any, ClassVar

from locust import FastHttpUser, LoadTestShape, log
from locust.contrib.fasthttp import FastResponse
from locust.env import Environment
from locust.exception import CatchResponseError
from locust.runners import Runner, WorkerRunner

from _answers import FRESHNESS_HEADER, header
from _gate import Outcome, judge, sentence, silence
from _result import document, write
from _shapes import SHAPES, Shape
from _slo import LATENCY_THRESHOLD_MS, OBJECTIVES
from _tally import Request, Tally

logger = logging.getLogger("loadtest")

MAX_SPAWN_RATE = 100  # Locust warns above it
SAMPLE_SECONDS = 0.2


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
    """What one process saw. The local runner and the master judge it; a worker only counts.

    Attributes:
        tally: What was counted.
        complete: Whether every worker handed over its counts.
    """

    def __init__(self) -> None:
        self.tally = Tally()
        self.complete = True
        self._users: dict[int, int] = {}
        self._started: float | None = None
        self._silence_told = False

    def prepare(self, environment: Environment, runner: Runner, **_: object) -> None:
        """Choose the shape and the patience at the end, and begin to watch the number of users."""
        if isinstance(runner, WorkerRunner):
            return
        # gevent's clock stood still while everything was imported; a turn of its loop sets it
        # right. Without it --run-time 4s ends after 2.5 s.
        time.sleep(0.01)
        options: Any = environment.parsed_options
        if shape := SHAPES.get(options.shape):
            environment.shape_class = CurveShape(shape, environment)
        # Otherwise the slowest requests, those still under way at the end, are never counted.
        users = [user for user in runner.user_classes if issubclass(user, FastHttpUser)]
        patience = max((user.network_timeout for user in users), default=0.0)
        environment.stop_timeout = environment.stop_timeout or patience
        runner.greenlet.spawn(self._watch_users, runner)

    def start(self, **_: object) -> None:
        """Forget the run before: the web UI may start several."""
        self.tally = Tally()
        self.complete = True
        self._users.clear()
        self._started = time.time()
        self._silence_told = False

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
        if broken and not self._silence_told:
            self._silence_told = True
            logger.error("%s does not answer: %s", response.url, request.error)

    def finish(self, environment: Environment, **_: object) -> None:
        """Judge the run, write the result, and set the exit code of the process."""
        runner = environment.runner
        options: Any = environment.parsed_options
        idle = self._started is None and not options.headless
        if runner is None or isinstance(runner, WorkerRunner) or idle:
            return
        runner.stop()
        outcomes = judge(self.tally.counts, OBJECTIVES)
        self._tell(outcomes, environment)
        kept = self._save(options.result, outcomes)
        if not (all(outcome.met for outcome in outcomes) and self.complete and kept):
            environment.process_exit_code = 1
        elif not runner.exceptions and not log.unhandled_greenlet_exception:
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
        started = self._started or time.time()
        try:
            write(Path(result), document(self.tally, outcomes, self._users, started=started))
        except OSError as error:
            logger.error("cannot write the result to %s: %s", result, error)  # noqa: TRY400  no trace
            return False
        return True

    def _watch_users(self, runner: Runner) -> None:
        while True:
            if count := runner.user_count:
                second = int(time.time())
                self._users[second] = max(count, self._users.get(second, 0))
            time.sleep(SAMPLE_SECONDS)


def _text(exception: Exception | None) -> str:
    if exception is None:
        return ""
    if isinstance(exception, CatchResponseError):
        return str(exception)
    return f"{type(exception).__name__}: {exception}"
