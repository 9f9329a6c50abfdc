"""The channel under load while processes are killed, frozen and started again."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import grpc
import pytest

from meshdoctor.mesh import MeshPolicy
from tests.support.mesh_client import PATIENT, Client
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_echo import ASK, EchoProcess
from tests.support.mesh_net import addresses, free_port, until
from tests.support.stalls import Stalls

pytestmark = pytest.mark.integration

OK = grpc.StatusCode.OK
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
CLOSED, OPEN = 0.0, 2.0
HEALED_SECONDS = 3.0
CALLERS = 4
PAUSE = 0.005  # seconds: a load that leaves the processor something to start processes with
SECOND_TRY = 0.2
QUICK = MeshPolicy(deadline_seconds=2.0, second_try_seconds=SECOND_TRY, idempotent={ASK})
"""Twice as patient as shipped: a test machine stalls for longer than a mesh should."""


class Pods:
    """Three processes on one port, and the DNS that names them."""

    def __init__(self, stack: ExitStack) -> None:
        hosts = addresses(3)
        self.port = free_port(*hosts)
        with ThreadPoolExecutor(len(hosts)) as starting:
            self.all = tuple(starting.map(lambda host: EchoProcess(host, self.port), hosts))
        for pod in self.all:
            stack.callback(pod.close)
        self.dns = stack.enter_context(DnsServer(*hosts))


class Mesh:
    """The processes, all well, and a client that has called each of them."""

    def __init__(self, pods: Pods, policy: MeshPolicy) -> None:
        self.processes, self._port = pods.all, pods.port
        self.client = Client.named(pods.dns, pods.port, policy=policy)
        self.answer()

    def breakers(self) -> list[float | None]:
        """Return the state of each backend's breaker."""
        return [self.client.breaker(f"{process.host}:{self._port}") for process in self.processes]

    def answer(self) -> None:
        """Wait until every backend has answered and is in use."""
        missing = {process.host.encode() for process in self.processes}
        while missing:
            missing.discard(self.client.ask(b"?", timeout=2.0))
        until(lambda: [CLOSED] * 3 == self.breakers(), HEALED_SECONDS)


class Load:
    """What callers saw."""

    def __init__(self) -> None:
        self.codes: Counter[grpc.StatusCode] = Counter()
        self.times: list[float] = []

    @property
    def slowed(self) -> list[float]:
        """The times of the calls that waited for a second try, in seconds."""
        return sorted(seconds for seconds in self.times if seconds >= SECOND_TRY)


@pytest.fixture(scope="module")
def pods() -> Iterator[Pods]:
    """Give three processes to all tests: a start takes a second of processor time."""
    with ExitStack() as stack:
        yield Pods(stack)


@pytest.fixture
def mesh(pods: Pods, request: pytest.FixtureRequest) -> Iterator[Mesh]:
    """Give a mesh; a test may ask for a policy."""
    made = Mesh(pods, getattr(request, "param", PATIENT))
    yield made
    made.client.channel.close()


@contextmanager
def load(client: Client) -> Iterator[Load]:
    """Call from several threads until the block ends."""
    seen, done, writing = Load(), threading.Event(), threading.Lock()

    def call() -> None:
        while not done.is_set():
            start = time.monotonic()
            code = client.code()
            with writing:
                seen.codes[code] += 1
                seen.times.append(time.monotonic() - start)
            time.sleep(PAUSE)

    callers = [threading.Thread(target=call) for _caller in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        yield seen
    finally:
        done.set()
        for caller in callers:
            caller.join()


def test_a_killed_backend_costs_no_call(mesh: Mesh) -> None:
    """Under load one of three is killed and started again: no error, and it is used again."""
    victim, before = mesh.processes[1], mesh.client.second_tries("sent")
    with load(mesh.client) as seen:
        time.sleep(0.3)
        victim.kill()
        until(lambda: mesh.breakers()[1] == OPEN, 2.0)
        time.sleep(0.5)
        victim.restart()
        until(lambda: mesh.breakers()[1] == CLOSED, HEALED_SECONDS)

    assert ({OK}, {}) == (set(seen.codes), mesh.client.causes())
    assert before < mesh.client.second_tries("sent")


@pytest.mark.parametrize("mesh", [QUICK], indirect=True, ids=["quick"])
def test_a_frozen_backend_costs_no_call_and_little_time(mesh: Mesh) -> None:
    """Under load one of three hangs for a second: no error, and no call waits for its deadline.

    The calls that met it are answered elsewhere when the time for a second try has come; their
    number is bounded by the breaker, which opens after three, and by its trials.
    """
    victim, before = mesh.processes[2], mesh.client.second_tries("sent")
    with Stalls() as stalls, load(mesh.client) as seen:
        time.sleep(0.3)
        victim.signal(signal.SIGSTOP)
        until(lambda: mesh.breakers()[2] == OPEN, 2.0)
        time.sleep(1.0)
        victim.signal(signal.SIGCONT)
        until(lambda: mesh.breakers()[2] == CLOSED, HEALED_SECONDS)

    assert {OK} == set(seen.codes)
    assert 3 <= mesh.client.second_tries("sent") - before <= 5 * CALLERS
    assert 3 <= len(seen.slowed) <= 5 * CALLERS
    assert SECOND_TRY + 0.05 + 3 * stalls.worst > seen.slowed[len(seen.slowed) // 2]
    assert SECOND_TRY * 2 + 3 * stalls.worst > seen.slowed[-1]


def test_with_everyone_dead_calls_fail_at_once_and_recover_soon(mesh: Mesh) -> None:
    """Nobody is asked who cannot answer; three seconds after they are back all are in use."""
    for process in mesh.processes:
        process.kill()
    until(lambda: all(mesh.client.code() is UNAVAILABLE for _call in range(5)), 2.0)
    start = time.monotonic()
    codes = Counter(mesh.client.code() for _call in range(50))
    seconds = time.monotonic() - start
    causes = mesh.client.causes()
    for process in mesh.processes:
        process.restart()
    until(lambda: mesh.client.code() is OK, HEALED_SECONDS)
    mesh.answer()

    assert {UNAVAILABLE: 50} == codes
    assert 2.0 > seconds  # who waited for somebody would wait for longer with each of them
    assert 40 <= causes["breaker-open"]
