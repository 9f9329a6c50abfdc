"""How often a client may ping a server: keepalive is welcome, a flood of pings is not."""

import socket
import time
from collections.abc import Iterator

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, Event, PingAckReceived

from meshdoctor.mesh.server import MeshServer, ServerPolicy
from recommendations.server import create_server
from recommendations.settings import RecommendationsSettings

pytestmark = pytest.mark.integration

PINGS = 6  # gRPC forgives two that come too early


def ping(server: MeshServer, interval: float) -> tuple[int, int | None]:
    """Start the server and ping it on an idle connection, `interval` seconds apart.

    Returns:
        How many pings were answered, and the error code of the GOAWAY if one came.
    """
    answered = 0
    connection = H2Connection(H2Configuration(client_side=True))
    connection.initiate_connection()
    with socket.create_connection(("127.0.0.1", server.start("127.0.0.1", 0))) as peer:
        for number in range(PINGS):
            connection.ping(number.to_bytes(8, "big"))
            for event in _events(peer, connection, interval):
                answered += isinstance(event, PingAckReceived)
                if isinstance(event, ConnectionTerminated):
                    return answered, event.error_code
    return answered, None


def _events(peer: socket.socket, connection: H2Connection, seconds: float) -> Iterator[Event]:
    """Send what is due, and give what arrives within `seconds`."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        peer.sendall(connection.data_to_send())
        peer.settimeout(left)
        try:
            data = peer.recv(65536)
        except TimeoutError:
            return
        yield from connection.receive_data(data)


def test_a_flood_of_pings_ends_the_connection() -> None:
    """Pings far below the allowed interval get GOAWAY with ENHANCE_YOUR_CALM."""
    server = create_server(RecommendationsSettings())
    try:
        answered, goodbye = ping(server, 0.05)
    finally:
        server.stop()

    assert ErrorCodes.ENHANCE_YOUR_CALM == goodbye
    assert answered < PINGS


def test_keepalive_at_the_allowed_interval_is_welcome() -> None:
    """Pings just above the allowed interval are all answered, without any call in flight.

    A gRPC server without the right option forgives two pings and then hangs up, so this also
    shows that the option's name is the one that gRPC knows (unknown ones are ignored in silence).
    """
    server = MeshServer(ServerPolicy(min_ping_interval_seconds=0.1))
    try:
        outcome = ping(server, 0.15)
    finally:
        server.stop()

    assert (PINGS, None) == outcome
