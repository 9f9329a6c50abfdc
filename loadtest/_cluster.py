"""How the counts of the workers reach the master, all of them.

Locust's workers report every 3 s, and its master waits half a second for their last reports. On a
busy machine that is too short, and the end of the run goes missing. So the master asks the workers
to finish, and goes on when each has handed over its counts.
"""

import logging
import time
from typing import Any

from locust.env import Environment
from locust.rpc import Message
from locust.runners import MasterRunner, Runner, WorkerRunner

from _run import LoadRun
from _tally import Tally

logger = logging.getLogger("loadtest")

FINISH, HAND_OVER = "finish", "hand-over"
PATIENCE_SECONDS = 5.0


class Cluster:
    """The exchange of counts; in a local run nothing of it ever happens."""

    def __init__(self, run: LoadRun) -> None:
        self.run = run
        self.awaited: set[str] = set()

    def prepare(self, environment: Environment, runner: Runner, **_: object) -> None:
        """Learn the messages of the role that this process has."""
        if isinstance(runner, MasterRunner):
            runner.register_message(HAND_OVER, self.take_over)
        elif isinstance(runner, WorkerRunner):
            runner.register_message(FINISH, self.hand_over)
            # Ctrl-C reaches the workers too. Registered this late, the listener comes first,
            # before Locust tells the master that this worker has quit.
            environment.events.quitting.add_listener(self.hand_over)  # type: ignore[no-untyped-call]

    def report(self, data: dict[str, Any], **_: object) -> None:
        """On a worker: add what was counted since the last time to Locust's own report."""
        data[HAND_OVER] = self._taken()

    def collect(self, data: dict[str, Any], **_: object) -> None:
        """On the master: add up what a worker reported."""
        self.run.tally.merge(data[HAND_OVER])

    def hand_over(self, environment: Environment, **_: object) -> None:
        """On a worker: let the users end what they are at, and send the rest of the counts."""
        if environment.runner is not None:
            environment.runner.stop()
            environment.runner.send_message(HAND_OVER, self._taken())

    def take_over(self, msg: Message, **_: object) -> None:
        """On the master: add up the rest of the counts of a worker, which has finished."""
        self.run.tally.merge(msg.data)
        self.awaited.discard(msg.node_id)

    def await_workers(self, environment: Environment, **_: object) -> None:
        """On the master, before it stops: have all workers finish, and wait for them."""
        runner = environment.runner
        if not isinstance(runner, MasterRunner):
            return
        clients = runner.clients
        self.awaited = {one.id for one in clients.ready + clients.spawning + clients.running}
        runner.send_message(FINISH)
        deadline = time.monotonic() + environment.stop_timeout + PATIENCE_SECONDS
        while self.awaited & clients.keys() and time.monotonic() < deadline:
            time.sleep(0.05)
        if lost := len(self.awaited & clients.keys()):
            self.run.complete = False
            logger.error("%d workers did not hand over their last counts: the run fails", lost)

    def _taken(self) -> dict[str, Any]:
        counted, self.run.tally = self.run.tally, Tally()
        return counted.plain()
