"""The server: what it refuses, how it tells its health, and an end that loses nothing."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from meshdoctor.mesh import MeshServer, ServerPolicy, Target
from meshdoctor.mesh.backends import CHANNEL_OPTIONS
from tests.support.mesh_client import PATIENT, Client
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_echo import ASK, SERVER_POLICY, SERVICE, EchoServer
from tests.support.mesh_net import addresses, free_port, until

pytestmark = pytest.mark.integration

OK = grpc.StatusCode.OK
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SECONDS = 5.0

Serve = Callable[..., EchoServer]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Give a stack that is unwound after the test."""
    with ExitStack() as made:
        yield made


@pytest.fixture
def serve(stack: ExitStack) -> Serve:
    """Give a function that starts a server with some of its policy changed."""

    def start(host: str = "127.0.0.1", **changed: object) -> EchoServer:
        return stack.enter_context(
            EchoServer(host, policy=replace(SERVER_POLICY, **changed))  # type: ignore[arg-type]
        )

    return start


def health(stack: ExitStack, server: EchoServer) -> Any:  # noqa: ANN401 - its stub has no types
    """Give a stub of the server's health service."""
    channel = stack.enter_context(grpc.insecure_channel(f"{server.host}:{server.port}"))
    return health_pb2_grpc.HealthStub(channel)


def ask(stack: ExitStack, server: EchoServer) -> Any:  # noqa: ANN401 - bare bytes
    """Give the method on an ordinary channel, as a client that is not ours has it."""
    channel = stack.enter_context(grpc.insecure_channel(f"{server.host}:{server.port}"))
    return channel.unary_unary(f"/{ASK}")


def status(method: Any, request: bytes = b"?") -> grpc.StatusCode:  # noqa: ANN401 - bare bytes
    """Call and return the status."""
    code: grpc.StatusCode = method.future(request, timeout=SECONDS).code()
    return code


def test_a_taken_port_is_named() -> None:
    """Two servers on one port would share calls in silence: the second one says who it is."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"):
            MeshServer(ServerPolicy()).start("127.0.0.1", port)


def test_two_servers_of_ours_do_not_share_a_port(serve: Serve) -> None:
    """With gRPC's default (SO_REUSEPORT) they would, and each caller would meet either."""
    first = serve()

    with pytest.raises(OSError, match=str(first.port)):
        EchoServer(first.host, first.port)


def test_health_is_told_for_the_server_and_each_service(serve: Serve, stack: ExitStack) -> None:
    """SERVING under "" and the service's name, NOT_FOUND for a stranger (gRPC health protocol)."""
    server = serve()
    check = health(stack, server).Check
    states = [
        check(health_pb2.HealthCheckRequest(service=name), timeout=SECONDS).status
        for name in ("", SERVICE)
    ]
    stranger = check.future(health_pb2.HealthCheckRequest(service="no.Such"), timeout=SECONDS)

    assert [SERVING, SERVING] == states
    assert grpc.StatusCode.NOT_FOUND is stranger.code()


def test_a_request_over_the_limit_is_refused(serve: Serve, stack: ExitStack) -> None:
    """To the byte, before the handler, and the connection stays usable."""
    server = serve(max_message_bytes=1000)
    method = ask(stack, server)
    codes = [status(method, b"x" * size) for size in (1000, 1001, 1_000_000, 1)]

    assert [OK, EXHAUSTED, EXHAUSTED, OK] == codes
    assert 2 == server.echo.executed


def test_calls_beyond_the_limit_are_refused_and_never_executed(
    serve: Serve, stack: ExitStack
) -> None:
    """At most so many calls are at work or waiting; the next hear RESOURCE_EXHAUSTED at once."""
    server = serve(threads=1, max_concurrent_rpcs=3)
    server.echo.seconds = 0.2
    method = ask(stack, server)
    calls = [method.future(b"?", timeout=SECONDS) for _call in range(10)]

    assert {OK: 3, EXHAUSTED: 7} == Counter(call.code() for call in calls)
    assert 3 == server.echo.executed


def test_clients_that_watch_its_health_take_no_place(serve: Serve, stack: ExitStack) -> None:
    """Each client holds a health stream open; with a limit of 2, ten clients are served."""
    server = serve(threads=2, max_concurrent_rpcs=2)
    target = Target(server.host, server.port)
    clients = [stack.enter_context(Client(target, policy=PATIENT)) for _client in range(10)]

    assert {OK: 20} == Counter(client.code() for client in clients * 2)


def test_clients_ping_no_more_often_than_servers_allow() -> None:
    """What ships as the client's keepalive is twice what ships as the server's limit."""
    keepalive = dict(CHANNEL_OPTIONS)["grpc.keepalive_time_ms"]

    assert keepalive == 2 * ServerPolicy().min_ping_interval_seconds * 1000


def test_keepalive_of_a_quiet_client_keeps_its_connection(serve: Serve, stack: ExitStack) -> None:
    """The client's own options, at the same ratio but faster: no GOAWAY, no new connection."""
    server = serve(min_ping_interval_seconds=0.1)
    quicker = {"grpc.keepalive_time_ms": 200, "grpc.http2.ping_timeout_ms": 1000}
    options = tuple((dict(CHANNEL_OPTIONS) | quicker).items())
    channel = stack.enter_context(grpc.insecure_channel(f"{server.host}:{server.port}", options))
    states: list[grpc.ChannelConnectivity] = []
    method: Any = channel.unary_unary(f"/{ASK}")
    assert OK is status(method)
    channel.subscribe(states.append)
    time.sleep(1.5)

    assert OK is status(method)
    assert {grpc.ChannelConnectivity.READY} == set(states)


def test_connections_that_are_asked_to_come_back_lose_no_call(stack: ExitStack) -> None:
    """Connections live for 0.3 s; calls go on over three and more of each, and none fails."""
    hosts = addresses(2)
    port = free_port(*hosts)
    restless = replace(SERVER_POLICY, max_connection_age_seconds=0.3)
    servers = [stack.enter_context(EchoServer(host, port, restless)) for host in hosts]
    dns = stack.enter_context(DnsServer(*hosts))
    client = stack.enter_context(Client.named(dns, port, policy=PATIENT))
    codes: Counter[grpc.StatusCode] = Counter()

    def three_of_each() -> bool:
        codes[client.code()] += 1
        return 3 <= min(len(server.echo.peers) for server in servers)

    until(three_of_each, 2 * SECONDS)

    assert {OK} == set(codes)


def test_the_drain_says_so_first_and_waits_for_what_runs(serve: Serve, stack: ExitStack) -> None:
    """NOT_SERVING is told; new calls are taken for `drain_seconds`; calls in flight end well."""
    server = serve(drain_seconds=1.2)
    method = ask(stack, server)
    watch = health(stack, server).Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    told: list[tuple[float, int]] = []
    assert OK is status(method)

    def listen() -> None:
        for state in watch:
            told.append((time.monotonic(), state.status))
            if state.status == NOT_SERVING:
                watch.cancel()
                return

    with ThreadPoolExecutor(2) as others:
        listening = others.submit(listen)
        until(lambda: len(told) == 1, SECONDS)
        server.echo.seconds = 1.6
        begun = time.monotonic()
        draining = others.submit(server.server.drain)
        listening.result(SECONDS)
        late = method.future(b"?", timeout=SECONDS)
        code = late.code()
        draining.result(SECONDS)
        seconds = time.monotonic() - begun

    assert [SERVING, NOT_SERVING] == [state for _at, state in told]
    assert 1.0 > told[1][0] - begun
    assert OK is code
    assert 1.6 <= seconds < 1.6 + SERVER_POLICY.grace_seconds
    assert grpc.StatusCode.UNAVAILABLE is status(method)


def test_clients_leave_a_draining_server_at_once(stack: ExitStack) -> None:
    """It still takes calls for two seconds, and after a moment our clients send it none."""
    hosts = addresses(2)
    port = free_port(*hosts)
    slow = replace(SERVER_POLICY, drain_seconds=2.0)
    leaving, staying = (stack.enter_context(EchoServer(host, port, slow)) for host in hosts)
    dns = stack.enter_context(DnsServer(*hosts))
    client = stack.enter_context(Client.named(dns, port, policy=PATIENT))
    while not (leaving.echo.executed and staying.echo.executed):
        assert OK is client.code()
    draining = threading.Thread(target=leaving.server.drain)
    draining.start()
    time.sleep(0.5)
    before = leaving.echo.executed
    codes = Counter(client.code() for _call in range(40))
    after = leaving.echo.executed
    still_there = draining.is_alive()
    draining.join()

    assert still_there
    assert {OK: 40} == codes
    assert before == after


def test_a_drain_does_not_wait_for_clients_that_watch(serve: Serve, stack: ExitStack) -> None:
    """Open health streams are no calls in flight: the grace period is not used up for them."""
    server = serve(drain_seconds=0.1, grace_seconds=10.0)
    target = Target(server.host, server.port)
    for _client in range(5):
        assert OK is stack.enter_context(Client(target, policy=PATIENT)).code()
    begun = time.monotonic()
    server.server.drain()

    assert 5.0 > time.monotonic() - begun


def test_a_drain_cancels_what_outlives_the_grace(serve: Serve, stack: ExitStack) -> None:
    """A handler that does not end cannot keep the Pod: CANCELLED or UNAVAILABLE to its caller."""
    server = serve(drain_seconds=0.0, grace_seconds=0.2)
    server.echo.seconds = 2.0
    call = ask(stack, server).future(b"?", timeout=SECONDS)
    until(lambda: server.echo.executed == 1, SECONDS)
    begun = time.monotonic()
    server.server.drain()

    assert 1.5 > time.monotonic() - begun
    assert call.code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}


def test_a_second_drain_waits_for_the_first(serve: Serve) -> None:
    """A second SIGTERM neither ends the first drain early nor hangs."""
    server = serve(drain_seconds=0.2)
    threads = [threading.Thread(target=server.server.drain) for _signal in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)

    assert not any(thread.is_alive() for thread in threads)
    assert server.server.wait(0)


def test_rolling_restarts_lose_no_call(stack: ExitStack) -> None:
    """Under load each of two servers is drained and started again, twice: no call fails."""
    hosts = addresses(2)
    port = free_port(*hosts)
    servers = {host: EchoServer(host, port) for host in hosts}
    client = Client.named(stack.enter_context(DnsServer(*hosts)), port, policy=PATIENT)
    stack.enter_context(client)
    codes: Counter[grpc.StatusCode] = Counter()
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            codes[client.code()] += 1
            time.sleep(0.002)

    def restart(host: str) -> None:
        servers[host].server.drain()
        servers[host] = EchoServer(host, port)
        until(lambda: client.breaker(f"{host}:{port}") == 0.0, 3.0)
        until(lambda: servers[host].echo.executed > 0, 3.0)

    with ThreadPoolExecutor(3) as callers:
        for _caller in range(3):
            callers.submit(call)
        for host in hosts * 2:
            restart(host)
        done.set()
    for server in servers.values():
        server.server.stop()

    assert {OK} == set(codes)
    assert 100 < codes[OK]


def test_stop_ends_at_once(serve: Serve, stack: ExitStack) -> None:
    """Without a drain, calls in flight are cancelled and the port is given back."""
    server = serve()
    server.echo.seconds = 2.0
    call = ask(stack, server).future(b"?", timeout=SECONDS)
    until(lambda: server.echo.executed == 1, SECONDS)
    begun = time.monotonic()
    server.server.stop()

    assert 1.5 > time.monotonic() - begun
    assert OK is not call.code()
    with socket.create_server((server.host, server.port)):
        pass


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
def test_ipv6_is_as_good_as_ipv4(serve: Serve, stack: ExitStack) -> None:
    """Listening and calling work with an IPv6 address."""
    try:
        server = serve("::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")

    assert OK is stack.enter_context(Client(Target("::1", server.port), policy=PATIENT)).code()
