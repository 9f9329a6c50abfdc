"""The health service under watchers that come, go, and read nothing."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes

from meshdoctor.mesh import ServerPolicy
from meshdoctor.mesh.health import Health
from tests.support.mesh_echo import SERVICE, EchoServer
from tests.support.mesh_net import until

pytestmark = pytest.mark.integration

SECONDS = 5.0
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)
POLICY = ServerPolicy(threads=1, drain_seconds=0.3, grace_seconds=0.5)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Give a stack that is unwound after the test."""
    with ExitStack() as made:
        yield made


@pytest.fixture
def server(stack: ExitStack) -> EchoServer:
    """Give a server with a single worker."""
    return stack.enter_context(EchoServer("127.0.0.1", policy=POLICY))


def alone(stack: ExitStack) -> tuple[Health, str]:
    """Start a server that has nothing but the health service; give that and the address."""
    server, health = grpc.server(ThreadPoolExecutor(1)), Health()
    health.add_to(server)
    health.set("", SERVING)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    stack.callback(lambda: server.stop(None).wait())
    return health, address


def stub(address: str) -> tuple[grpc.Channel, Any]:
    """Make a connection of its own, and the health service's stub on it (which has no types)."""
    channel = grpc.insecure_channel(address, OWN_CONNECTION)
    return channel, health_pb2_grpc.HealthStub(channel)


def state(address: str) -> int:
    """Ask for the server's state."""
    channel, health = stub(address)
    with channel:
        return int(health.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS).status)


def visit(address: str, times: int) -> None:
    """Connect, watch, and hang up at some moment, again and again."""
    for number in range(times):
        channel, health = stub(address)
        with channel:
            watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS)
            if number % 2:
                next(watch)
            else:
                time.sleep(number % 12 * 0.0003)
            watch.cancel()


def test_watchers_that_come_and_go_do_not_stop_the_server(stack: ExitStack) -> None:
    """200 clients hang up in every moment of a watch while states change: it still answers.

    The servicer of grpcio-health-checking hangs for ever here, and with it the whole server, for a
    client that leaves while a state is sent (grpc/grpc#43403).
    """
    health, address = alone(stack)
    visitors = [
        threading.Thread(target=visit, args=(address, 50), daemon=True) for _visitor in range(4)
    ]
    changing = threading.Event()
    stack.callback(changing.set)

    def change() -> None:
        while not changing.wait(0.001):
            health.set("", NOT_SERVING)
            health.set("", SERVING)

    threading.Thread(target=change, daemon=True).start()
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(20.0)
    changing.set()

    assert not any(visitor.is_alive() for visitor in visitors)
    assert state(address) in {SERVING, NOT_SERVING}
    until(lambda: health.watchers == 0, SECONDS)


def test_each_watcher_hears_each_state_and_the_last_one_last(
    server: EchoServer, stack: ExitStack
) -> None:
    """Ten watchers: SERVING, then NOT_SERVING when the drain begins."""
    watches = []
    for _watcher in range(10):
        channel, health = stub(server.address)
        stack.enter_context(channel)
        watches.append(health.Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=10.0))
    before = [next(watch).status for watch in watches]
    draining = threading.Thread(target=server.server.drain)
    draining.start()
    after = [next(watch).status for watch in watches]
    draining.join()

    assert [SERVING] * 10 == before
    assert [NOT_SERVING] * 10 == after


def test_a_state_that_does_not_change_is_not_told_again(stack: ExitStack) -> None:
    """SERVING, set four times and heard once; the next thing heard is NOT_SERVING."""
    health, address = alone(stack)
    channel, asking = stub(address)
    stack.enter_context(channel)
    watch = asking.Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    heard = [next(watch).status]
    for _time in range(3):
        health.set("", SERVING)
    until(lambda: threads_that_tell() == 0, SECONDS)
    health.set("", NOT_SERVING)
    heard.append(next(watch).status)

    assert [SERVING, NOT_SERVING] == heard


def test_a_service_that_nobody_added_is_unknown(server: EchoServer, stack: ExitStack) -> None:
    """Watching a stranger is SERVICE_UNKNOWN and stays open (gRPC health protocol)."""
    channel, health = stub(server.address)
    stack.enter_context(channel)
    watch = health.Watch(health_pb2.HealthCheckRequest(service="no.Such"), timeout=SECONDS)

    assert UNKNOWN == next(watch).status
    assert watch.is_active()


def test_health_is_answered_while_every_worker_is_busy(
    server: EchoServer, stack: ExitStack
) -> None:
    """A server at work is not a server that is down."""
    server.echo.seconds = 1.5
    channel, _health = stub(server.address)
    stack.enter_context(channel)
    ask: Any = channel.unary_unary(f"/{SERVICE}/Ask")
    busy = ask.future(b"?", timeout=SECONDS)
    until(lambda: server.echo.executed == 1, SECONDS)

    assert SERVING == state(server.address)
    assert not busy.done()
    assert b"127.0.0.1" == busy.result()


def test_a_watcher_that_reads_nothing_holds_up_nobody(server: EchoServer, stack: ExitStack) -> None:
    """Five peers open a watch and take no byte; others are told at once, and the drain ends."""
    for _peer in range(5):
        stack.enter_context(deaf_watch(server))
    until(lambda: threads_that_tell() == 5, SECONDS)
    channel, health = stub(server.address)
    stack.enter_context(channel)
    watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS)

    assert SERVING == next(watch).status

    draining = threading.Thread(target=server.server.drain)
    draining.start()

    assert NOT_SERVING == next(watch).status
    assert draining.is_alive()
    watch.cancel()
    draining.join(SECONDS)
    assert not draining.is_alive()


def threads_that_tell() -> int:
    """Count the threads that wait for a watcher to take what they send."""
    return sum(thread.name == "health-watch" for thread in threading.enumerate())


def deaf_watch(server: EchoServer) -> socket.socket:
    """Open a watch with a flow-control window of nothing (RFC 9113, section 6.9.2)."""
    peer = socket.create_connection((server.host, server.port))
    connection = H2Connection(H2Configuration(client_side=True))
    connection.initiate_connection()
    connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
    connection.send_headers(
        1,
        [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/grpc.health.v1.Health/Watch"),
            (":authority", "test"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ],
    )
    connection.send_data(1, b"\0\0\0\0\0", end_stream=True)
    peer.sendall(connection.data_to_send())
    return peer
