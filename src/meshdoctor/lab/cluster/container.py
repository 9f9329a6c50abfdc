"""The container of a Pod: a process that can be hurt, and what its kubelet knows of it."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.topology import Pod
from meshdoctor.lab.processes import Process, Program

CRASHING = "CrashLoopBackOff"
_READY_SECONDS = 90.0  # a busy machine is no reason to give up
_POLL_SECONDS = 0.05
_ACCIDENTS = 1
"""So often may something end by itself while it is waited for."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended.

    Attributes:
        code: its exit code, 128 + N after signal N.
        began: Unix seconds.
        ended: Unix seconds.
    """

    code: int
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why it does not run and is not about to.

    Attributes:
        reason: the kubelet's word, such as `ImagePullBackOff`.
        words: what it says about it.
        image: what the Pod asks for meanwhile; "" is what it always asks for.
    """

    reason: str
    words: str
    image: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """What a kubelet tells of it.

    Attributes:
        running: whether its process is there, frozen or not.
        ready: whether its readiness probe answered, lately and often enough.
        restarts: how often it was started again since the Pod was made.
        began: when the process was started, in Unix seconds.
        ended: how it ended last; None when it never did.
        waiting: for what; None when it runs, or ended for good.
        made: when the Pod was made, in Unix seconds.
    """

    running: bool
    ready: bool
    restarts: int
    began: float
    ended: Ended | None
    waiting: Waiting | None
    made: float


class Container:
    """What scenarios hurt. Every method may be called while the kubelet looks at it.

    What ends by itself is started again by the kubelet, sooner or later. What was ended here on
    purpose stays down until somebody starts it here: a fault would heal itself otherwise.
    """

    def __init__(self, pod: Pod, process: Process) -> None:
        """Know it.

        Args:
            pod: where it runs.
            process: it was started already.
        """
        self.pod = pod
        self.process = process
        self._healthy = process.program
        self._lock = threading.RLock()
        self._wanted = True
        self._ready = False
        self._restarts = 0
        self._waiting: Waiting | None = None
        self._ended: Ended | None = None
        self._made = self._began = time.time()
        self._seen_pid = process.pid

    @property
    def name(self) -> str:
        """The name of its Pod."""
        return self.pod.name

    def status(self) -> Status:
        """What a kubelet tells of it now."""
        with self._lock:
            running = self.process.running
            if not running and self._seen_pid == self.process.pid:
                self._note_end()
            return Status(
                *(running, running and self._ready, self._restarts, self._began),
                *(self._ended, self._waiting, self._made),
            )

    def kill(self) -> None:
        """End it at once (SIGKILL), and keep it down."""
        self._quit(self.process.kill)

    def end(self) -> None:
        """End it as Kubernetes does, SIGTERM first, and keep it down."""
        self._quit(self.process.end)

    def term(self) -> None:
        """Ask it to end (SIGTERM), and keep it down; does not wait."""
        with self._lock:
            self._wanted = False
            self.process.term()

    def stop(self) -> None:
        """Freeze it (SIGSTOP): its ports stay open, and nobody answers."""
        self.process.stop()

    def cont(self) -> None:
        """Let it go on after `stop`."""
        self.process.cont()

    def start(self) -> None:
        """Start what was ended; it waits for nothing any more. See `wait_ready`."""
        with self._lock:
            self._waiting = None
            self._wanted = True
            if not self.process.running:
                self._begin()

    def hold(self, reason: str, words: str, image: str = "") -> None:
        """Put a new Pod in its place that does not start, and waits as a kubelet says it.

        Args:
            reason: such as `ImagePullBackOff`.
            words: what the kubelet says about it.
            image: what the Pod asks for until `start`.
        """
        self.kill()
        with self._lock:
            self._made, self._restarts, self._ended = time.time(), 0, None
            self._waiting = Waiting(reason, words, image)

    def exchange(
        self,
        env: Mapping[str, str] | None = None,
        command: tuple[str, ...] = (),
        *,
        gently: bool = True,
    ) -> None:
        """Run it otherwise, as a new Pod in the old one's place would; it is not waited for.

        Args:
            env: in addition to its own; None is its own alone.
            command: in place of its own; it must enter the Pod itself.
            gently: whether what runs may finish its work first.
        """
        (self.end if gently else self.kill)()
        changed = replace(self._healthy, env={**self._healthy.env, **(env or {})})
        with self._lock:
            self.process.program = replace(changed, command=command or changed.command)
            self._made, self._restarts, self._ended = time.time(), 0, None
            self.start()

    def become(self, program: Program) -> None:
        """Be another program from now on, also for `exchange`; nobody sees it down between."""
        with self._lock:
            ready = self._ready
            self.kill()
            self._healthy = self.process.program = program
            self.start()
            self._ready = ready

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Wait until its kubelet calls it ready.

        Raises:
            LabError: it does not, in time, or ends again and again; the text ends with the last
                lines of its log.
        """
        until = time.monotonic() + seconds
        while not (status := self.status()).ready:
            if time.monotonic() > until or status.restarts > _ACCIDENTS:
                tail = self.process.tail()
                raise LabError(f"{self.name} does not get ready; {tail}")
            time.sleep(_POLL_SECONDS)

    # For the kubelet alone.

    def judge(self, *, ready: bool) -> None:
        """Note what came of its readiness probe."""
        with self._lock:
            self._ready = ready

    def crashed(self) -> bool:
        """Whether it ended by itself and is to be started again."""
        with self._lock:
            return self._wanted and not self.process.running and not self._held()

    def back_off(self, words: str) -> None:
        """Note that it waits before it is started again."""
        with self._lock:
            if self.crashed():
                self._waiting = Waiting(CRASHING, words)

    def again(self) -> None:
        """Start it again, if it is still down by itself."""
        with self._lock:
            if self._wanted and not self.process.running:
                self.status()
                self._waiting = None
                self._restarts += 1
                self._begin()

    def _held(self) -> bool:
        return self._waiting is not None and self._waiting.reason != CRASHING

    def _quit(self, how: Callable[[], None]) -> None:
        with self._lock:
            self._wanted = False
        how()
        self.status()

    def _begin(self) -> None:
        self._ready = False
        self.process.start()
        self._began, self._seen_pid = time.time(), self.process.pid

    def _note_end(self) -> None:
        code = self.process.exit_code or 0
        self._ended = Ended(code if code >= 0 else 128 - code, self._began, time.time())
        self._seen_pid = 0
