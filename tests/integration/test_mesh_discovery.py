"""Discovery through every DNS outage, with a real DNS server that falls ill and recovers."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from meshdoctor.mesh import Resolver, Target
from meshdoctor.mesh.discovery import Discovery
from tests.support.mesh_dns import NAME, DnsServer
from tests.support.mesh_net import until

pytestmark = pytest.mark.integration

SECONDS = 5.0
TARGET = Target(NAME, 50051)


class Watching:
    """A discovery and all that it has said."""

    def __init__(self, dns: DnsServer, target: Target = TARGET, *fallback: str) -> None:
        self.found: list[tuple[str, ...]] = []
        self.causes: list[str | None] = []
        self.discovery = Discovery(
            target,
            Resolver(dns.servers, seconds=0.2),
            fallback,
            self.found.append,
            lambda answer: self.causes.append(answer.cause),
        )
        self.discovery.wait_first(SECONDS)

    def after(self, cause: str | None) -> tuple[str, ...]:
        """Hurry until a lookup ends with `cause`, and return what is used then."""
        self.discovery.hurry()
        until(lambda: self.causes[-1] == cause, SECONDS)
        until(lambda: len(self.found) == len(self.causes), SECONDS)
        return self.found[-1]


Watch = Callable[..., Watching]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Give a function that starts a discovery."""
    with ExitStack() as stack:

        def start(dns: DnsServer, target: Target = TARGET, *fallback: str) -> Watching:
            watching = Watching(dns, target, *fallback)
            stack.callback(watching.discovery.close)
            return watching

        yield start
    until(no_thread, SECONDS)


def no_thread() -> bool:
    """Tell whether no discovery is at work in this process."""
    return not any(thread.name == "discovery" for thread in threading.enumerate())


def test_the_first_lookup_can_be_waited_for(watch: Watch) -> None:
    """`wait_first` returns as soon as there is an answer, not after its whole time."""
    with DnsServer("10.0.0.1", "10.0.0.2") as dns:
        start = time.monotonic()
        watching = watch(dns)

    assert SECONDS / 2 > time.monotonic() - start
    assert [("10.0.0.1", "10.0.0.2")] == watching.found
    assert watching.discovery.cause is None


def test_an_address_needs_no_lookup_and_no_thread(watch: Watch) -> None:
    """A target that is an address is found at once, and DNS is never asked."""
    with DnsServer() as dns:
        watching = watch(dns, Target("10.0.0.9", 1))
        asked = dns.queries

    assert [("10.0.0.9",)] == watching.found
    assert no_thread()
    assert 0 == asked


@pytest.mark.parametrize("outage", ["nxdomain", "servfail", "refused", "silent"])
def test_the_last_good_addresses_outlive_the_outage(watch: Watch, outage: str) -> None:
    """A Pod that lives does not stop answering because CoreDNS does; fallbacks stay unused."""
    with DnsServer("10.0.0.1") as dns:
        watching = watch(dns, TARGET, "10.0.0.99")
        dns.behaviour = outage
        during = watching.after(f"dns-{'timeout' if outage == 'silent' else outage}")
        dns.behaviour, dns.addresses = "answer", ("10.0.0.2",)
        healed = watching.after(None)

    assert ("10.0.0.1",) == during
    assert ("10.0.0.2",) == healed
    assert watching.discovery.cause is None


@pytest.mark.parametrize("outage", ["nxdomain", "silent"])
def test_fallbacks_serve_while_nothing_was_ever_known(watch: Watch, outage: str) -> None:
    """From a cold start without DNS the fallbacks are used, until the first true answer."""
    with DnsServer("10.0.0.1", behaviour=outage) as dns:
        watching = watch(dns, TARGET, "10.0.0.99")
        cold = watching.found[-1]
        dns.behaviour = "answer"
        healed = watching.after(None)
        dns.behaviour = outage
        again = watching.after(f"dns-{'timeout' if outage == 'silent' else outage}")

    assert ("10.0.0.99",) == cold
    assert ("10.0.0.1",) == healed == again


def test_without_fallbacks_there_is_nobody_until_dns_answers(watch: Watch) -> None:
    """A failed lookup is repeated after a second, without being asked."""
    with DnsServer("10.0.0.1", behaviour="nxdomain") as dns:
        watching = watch(dns)
        cold = watching.found[-1]
        dns.behaviour = "answer"
        seconds = until(lambda: watching.found[-1] != (), SECONDS)

    assert () == cold
    assert ("10.0.0.1",) == watching.found[-1]
    assert 3.0 > seconds


def test_a_storm_of_failures_asks_dns_four_times_a_second(watch: Watch) -> None:
    """Thousands of calls that fail and hurry make one query each quarter of a second."""
    with DnsServer("10.0.0.1") as dns:
        watching = watch(dns)
        before = dns.queries
        begun = time.monotonic()
        while (seconds := time.monotonic() - begun) < 1.2 or dns.queries < before + 2:
            assert seconds < SECONDS
            watching.discovery.hurry()
            time.sleep(0.0005)
        asked = dns.queries - before

    assert 2 <= asked <= 1 + seconds / 0.25


def test_a_move_is_seen_soon_after_a_failure(watch: Watch) -> None:
    """A hurry shortens the five seconds between lookups to a fraction of one."""
    with DnsServer("10.0.0.1") as dns:
        watching = watch(dns)
        dns.addresses = ("10.0.0.2",)
        watching.discovery.hurry()
        seconds = until(lambda: watching.found[-1] == ("10.0.0.2",), SECONDS)

    assert 1.0 > seconds


def test_close_ends_the_thread(watch: Watch) -> None:
    """Neither waiting nor in a lookup that gets no answer does the thread stay."""
    for behaviour in ("answer", "silent"):
        with DnsServer("10.0.0.1", behaviour=behaviour) as dns:
            watching = watch(dns)
            watching.discovery.hurry()
            watching.discovery.close()
            until(no_thread, 2.0)
