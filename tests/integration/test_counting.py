"""Each call is counted once, under its own cause: real servers, channels and DNS."""

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest

from meshdoctor.mesh import MeshChannel, MeshPolicy, Resolver, Target
from meshdoctor.mesh.breaker import BreakerPolicy
from meshdoctor.mesh.sideprobe import side_probe
from meshdoctor.telemetry import ClientCalls, client_interceptor
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.settle import FailureCounter
from tests.support.deeds import DO, GATHER, POUR, TALK, DeedsServer
from tests.support.mesh_dns import NAME, DnsServer
from tests.support.mesh_net import addresses, free_port
from tests.support.tally import Counts, Tally, until

pytestmark = pytest.mark.integration

NOBODY = "nobody.test.svc.cluster.local."
IN_TIME = 3.0
TOO_SHORT = 0.12
PATIENT = MeshPolicy(IN_TIME, breaker=BreakerPolicy(failures=10_000))

Make = Callable[[str, int], grpc.Channel]
Style = Callable[[Any, Any, float], Any]


class Clients:
    """Channels to anywhere, all in the books of one process."""

    def __init__(self, dns: DnsServer) -> None:
        self.tally = Tally()
        self.resolver = Resolver(dns.servers)
        self._authority = f"dns://{dns.host}:{dns.port}/"
        self._closing = ExitStack()

    def plain(self, host: str, port: int) -> grpc.Channel:
        """Anybody's channel, with our interceptor."""
        where = f"{host}:{port}"
        raw = grpc.insecure_channel(self._authority + where if host.endswith(".") else where)
        self._closing.callback(raw.close)
        return grpc.intercept_channel(raw, client_interceptor(self.calls(where)))

    def mesh(self, host: str, port: int, policy: MeshPolicy = PATIENT) -> grpc.Channel:
        """The mesh's own channel."""
        calls = self.calls(f"{host}:{port}")
        channel = MeshChannel(Target(host, port), policy, calls, resolver=self.resolver)
        self._closing.callback(channel.close)
        return channel

    def calls(self, target: str) -> ClientCalls:
        """Open the books of a channel, with the side probe."""
        failures = FailureCounter(
            self.tally.instruments, lambda asked: side_probe(self.resolver, asked)
        )
        self._closing.callback(failures.close)
        return ClientCalls(target, Outlets(self.tally.instruments), failures)

    def close(self) -> None:
        """Close all channels."""
        self._closing.close()


@pytest.fixture
def clients() -> Iterator[Clients]:
    """Give clients whose DNS server knows no name."""
    with DnsServer(behaviour="nxdomain") as dns:
        made = Clients(dns)
        yield made
        made.close()


@pytest.fixture(params=["plain", "mesh"])
def make(request: pytest.FixtureRequest, clients: Clients) -> Make:
    """Give each of the two kinds of channel."""
    return getattr(clients, request.param)  # type: ignore[no-any-return]


@pytest.fixture
def server() -> Iterator[DeedsServer]:
    """Give a server that does as it is told."""
    with DeedsServer() as running:
        yield running


def blocking(method: Any, request: bytes, timeout: float) -> Any:  # noqa: ANN401 - gRPC's own
    """Call as `stub.Method(request)`."""
    return method(request, timeout=timeout)


def with_call(method: Any, request: bytes, timeout: float) -> Any:  # noqa: ANN401 - gRPC's own
    """Call as `stub.Method.with_call(request)`."""
    return method.with_call(request, timeout=timeout)[0]


def future(method: Any, request: bytes, timeout: float) -> Any:  # noqa: ANN401 - gRPC's own
    """Call as `stub.Method.future(request)`."""
    return method.future(request, timeout=timeout).result()


def read_all(method: Any, request: Any, timeout: float) -> Any:  # noqa: ANN401 - gRPC's own
    """Call and read the stream of answers to its end."""
    return list(method(request, timeout=timeout))


def code_of(style: Style, method: Any, request: Any, timeout: float = IN_TIME) -> str:  # noqa: ANN401 - gRPC's own
    """Call and return the name of the status."""
    try:
        style(method, request, timeout)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


@pytest.mark.parametrize("style", [blocking, with_call, future])
def test_each_outcome_is_counted_once_under_its_cause(
    make: Make, clients: Clients, server: DeedsServer, style: Style
) -> None:
    """Twelve calls, twelve outcomes: twelve durations, eleven causes, nothing left active."""
    deeds: Any = make("127.0.0.1", server.port).unary_unary(f"/{DO}")
    nobody: Any = make(NOBODY, 50051).unary_unary(f"/{DO}")
    refused: Any = make("127.0.0.1", free_port("127.0.0.1")).unary_unary(f"/{DO}")

    codes = [
        code_of(style, deeds, b"ok"),
        code_of(style, nobody, b"ok"),
        code_of(style, refused, b"ok"),
        code_of(style, deeds, b"sleep 0.5", TOO_SHORT),
        code_of(style, deeds, b"abort INTERNAL"),
        code_of(style, deeds, b"abort UNAVAILABLE"),
        code_of(style, deeds, b"code DATA_LOSS"),
        code_of(style, deeds, b"crash"),
        code_of(style, deeds, b"abort INVALID_ARGUMENT"),
        code_of(style, deeds, b"abort RESOURCE_EXHAUSTED"),
        code_of(style, deeds, b"abort CANCELLED"),
    ]
    cancelled = deeds.future(b"sleep 0.3")
    cancelled.cancel()

    expected = Counts(
        calls={
            "OK": 1,
            "UNAVAILABLE": 3,
            "DEADLINE_EXCEEDED": 1,
            "INTERNAL": 1,
            "DATA_LOSS": 1,
            "UNKNOWN": 1,
            "INVALID_ARGUMENT": 1,
            "RESOURCE_EXHAUSTED": 1,
            "CANCELLED": 2,
        },
        failures={
            "dns-nxdomain": 1,
            "connect-refused": 1,
            "app-deadline": 1,
            "app-error": 4,
            "caller-error": 1,
            "app-overloaded": 1,
            "cancelled": 2,
        },
        dns_failures={"dns-nxdomain": 1},
    )
    assert expected == clients.tally.client()
    assert expected.calls == Counter([*codes, "CANCELLED"])


@pytest.mark.parametrize("behaviour", ["servfail", "refused", "silent"])
def test_each_way_dns_fails_is_a_cause(behaviour: str, server: DeedsServer) -> None:
    """A failed lookup, whatever the failure, is counted in both families under its own cause."""
    causes = {"servfail": "dns-servfail", "refused": "dns-refused", "silent": "dns-timeout"}
    with DnsServer(behaviour=behaviour) as dns:
        clients = Clients(dns)
        codes = [
            code_of(blocking, make(NOBODY, server.port).unary_unary(f"/{DO}"), b"ok", 1.2)
            for make in (clients.plain, clients.mesh)
        ]
        counts = clients.tally.client()
        clients.close()

    # gRPC's resolver is still waiting when the deadline of a plain channel's call has passed.
    plain = "DEADLINE_EXCEEDED" if behaviour == "silent" else "UNAVAILABLE"
    assert [plain, "UNAVAILABLE"] == codes
    assert {causes[behaviour]: 2} == counts.failures == counts.dns_failures


def test_a_call_tried_twice_is_one_call(clients: Clients) -> None:
    """A second try on another backend shows in the retries, not as another call or a failure."""
    dead, alive = addresses(2)
    port = free_port(dead, alive)
    with DnsServer(dead, alive) as dns, DeedsServer(host=alive, port=port):
        clients.resolver = Resolver(dns.servers)
        policy = MeshPolicy(IN_TIME, second_try_seconds=1.0, idempotent={DO})
        channel = clients.mesh(NAME, port, policy)
        codes = {code_of(blocking, channel.unary_unary(f"/{DO}"), b"ok") for _ in range(4)}

    assert {"OK"} == codes
    assert Counts(calls={"OK": 4}) == clients.tally.client()
    assert {"sent"} == set(clients.tally.by("rpc_client_retries_total", "outcome"))


def test_each_stream_is_counted_once_however_it_ends(clients: Clients, server: DeedsServer) -> None:
    """Read to the end, broken by the handler, cancelled, left by `break`, either direction."""
    channel = clients.plain("127.0.0.1", server.port)
    pour: Any = channel.unary_stream(f"/{POUR}")
    gather: Any = channel.stream_unary(f"/{GATHER}")
    talk: Any = channel.stream_stream(f"/{TALK}")
    codes = [
        code_of(read_all, pour, b"ok"),
        code_of(read_all, pour, b"abort INTERNAL"),
        code_of(read_all, pour, b"crash"),
        code_of(blocking, gather, iter([b"ok", b"ok"])),
        code_of(blocking, gather, iter([b"ok", b"abort NOT_FOUND"])),
        code_of(read_all, talk, iter([b"ok", b"ok"])),
        code_of(read_all, talk, iter([b"ok", b"abort UNAVAILABLE"])),
    ]
    cancelled = pour(b"endless", timeout=IN_TIME)
    next(cancelled)
    cancelled.cancel()
    for _ in pour(b"endless"):
        break
    gc.collect()

    expected = Counts(
        calls={"OK": 3, "INTERNAL": 1, "UNKNOWN": 1, "NOT_FOUND": 1, "UNAVAILABLE": 1}
        | {"CANCELLED": 2},
        failures={"app-error": 3, "caller-error": 1, "cancelled": 2},
    )
    assert expected == clients.tally.client()
    assert expected.calls == Counter([*codes, "CANCELLED", "CANCELLED"])
    server.idle()
    assert expected.calls == server.tally.served()


def test_a_stream_that_is_left_ends_on_both_sides(
    make: Make, clients: Clients, server: DeedsServer
) -> None:
    """A stream that nobody reads any more is cancelled, as gRPC does it without instruments."""
    pour: Any = make("127.0.0.1", server.port).unary_stream(f"/{POUR}")
    stream = pour(b"endless")
    next(stream)
    del stream
    gc.collect()

    assert until(lambda: {"CANCELLED": 1} == server.tally.served())
    assert {"CANCELLED": 1} == clients.tally.client().calls


def test_a_future_dropped_after_its_result_is_ok(
    make: Make, clients: Clients, server: DeedsServer
) -> None:
    """Who takes the result and drops the future has not cancelled it."""
    deeds: Any = make("127.0.0.1", server.port).unary_unary(f"/{DO}")
    for _ in range(200):
        future(deeds, b"ok", IN_TIME)

    assert Counts(calls={"OK": 200}) == clients.tally.client()


@pytest.mark.parametrize("style", [blocking, with_call, future])
def test_a_message_that_cannot_be_written_is_counted_too(
    make: Make, clients: Clients, server: DeedsServer, style: Style
) -> None:
    """The call ends before the network, by the caller's own fault, and nothing stays active."""

    def unfit(_message: object) -> bytes:
        raise TypeError("no bytes")

    channel = make("127.0.0.1", server.port)

    assert "INTERNAL" == code_of(style, channel.unary_unary(f"/{DO}", unfit), b"ok")
    expected = Counts(calls={"INTERNAL": 1}, failures={"caller-error": 1})
    assert expected == clients.tally.client()
    assert 0 == server.deeds.executed


@pytest.mark.parametrize("style", [blocking, with_call, future])
def test_a_call_on_a_closed_channel_is_counted_too(
    clients: Clients, server: DeedsServer, style: Style
) -> None:
    """Plain gRPC raises ValueError, the mesh an RpcError; neither blames DNS or the service."""
    raw = grpc.insecure_channel(server.address)
    plain = grpc.intercept_channel(raw, client_interceptor(clients.calls(server.address)))
    mesh = clients.mesh("127.0.0.1", server.port)
    raw.close()
    mesh.close()
    for channel, error in ((plain, ValueError), (mesh, grpc.RpcError)):
        method: Any = channel.unary_unary(f"/{DO}")
        with pytest.raises(error):
            style(method, b"ok", IN_TIME)

    counts = clients.tally.client()
    assert 2 == sum(counts.calls.values()) == sum(counts.failures.values())
    assert {"caller-error", "cancelled"} >= set(counts.failures)
    assert 0 == counts.active


def test_totals_are_exact_under_concurrency(
    make: Make, clients: Clients, server: DeedsServer
) -> None:
    """Eight threads, 200 mixed calls each: no call is lost and none is counted twice."""
    deeds: Any = make("127.0.0.1", server.port).unary_unary(f"/{DO}")
    mixed = (b"ok", b"ok", b"ok", b"abort INTERNAL", b"abort UNAVAILABLE", b"abort NOT_FOUND")
    each = 25

    def work() -> None:
        for _ in range(each):
            for request in mixed:
                code_of(blocking, deeds, request)
            code_of(future, deeds, b"ok")
            deeds.future(b"ok", timeout=IN_TIME).cancel()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    counts = clients.tally.client()
    all_of_a_kind = 8 * each
    # A cancellation may come after the answer, then the call was OK.
    assert 5 * all_of_a_kind == counts.calls["OK"] + counts.calls.get("CANCELLED", 0)
    assert counts.calls.get("CANCELLED", 0) == counts.failures.get("cancelled", 0)
    for code in ("INTERNAL", "UNAVAILABLE", "NOT_FOUND"):
        assert all_of_a_kind == counts.calls[code]
    assert 2 * all_of_a_kind == counts.failures["app-error"]
    assert all_of_a_kind == counts.failures["caller-error"]
    assert 0 == counts.active
    assert until(lambda: server.deeds.executed == sum(server.tally.served().values()))


def test_the_server_counts_each_handler_once(clients: Clients, server: DeedsServer) -> None:
    """OK, an error set and an error raised, a crash, a caller that left: one duration each."""
    deeds: Any = clients.plain("127.0.0.1", server.port).unary_unary(f"/{DO}")
    for request in (b"ok", b"code NOT_FOUND", b"abort INTERNAL", b"crash"):
        code_of(blocking, deeds, request)
    code_of(blocking, deeds, b"sleep 0.3", TOO_SHORT)
    left = deeds.future(b"sleep 0.2")
    until(lambda: 6 == server.deeds.executed)
    left.cancel()
    server.idle()

    expected = {"OK": 1, "NOT_FOUND": 1, "INTERNAL": 1, "UNKNOWN": 1, "CANCELLED": 2}
    assert expected == server.tally.served()
    assert 0 == server.tally.active("rpc_server_active_calls")


def test_health_and_unknown_methods_make_no_series(server: DeedsServer) -> None:
    """Probes are no work of the service, and a stranger's method names are no labels."""
    with grpc.insecure_channel(server.address) as raw:
        assert "OK" == code_of(blocking, raw.unary_unary("/grpc.health.v1.Health/Check"), b"")
        for number in range(20):
            method: Any = raw.unary_unary(f"/{DO}{number}")
            assert "UNIMPLEMENTED" == code_of(blocking, method, b"")

    assert {} == server.tally.served()
