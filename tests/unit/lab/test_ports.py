"""Addresses are checked before anything starts, against real sockets."""

import socket

import pytest

from meshdoctor.lab.ports import Need, PortTaken, require_free
from tests.support.lab import free_port


def test_a_free_port_passes() -> None:
    """Nothing is said about an address that can be had."""
    require_free([Need("127.0.0.1", free_port(), "MESH_HTTP_PORT")])


def test_a_taken_port_names_address_port_and_setting() -> None:
    """The line says where, and both ways out."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(PortTaken) as caught:
            require_free([Need("127.0.0.1", port, "MESH_MARKETPLACE_PORT")])

    assert (
        f"port {port} on 127.0.0.1 is taken; "
        "stop what listens there or set MESH_MARKETPLACE_PORT" == str(caught.value)
    )


def test_a_server_that_shares_its_port_is_seen() -> None:
    """SO_REUSEPORT, which gRPC servers set, hides nobody."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()

        with pytest.raises(PortTaken):
            require_free([Need("127.0.0.1", server.getsockname()[1], "MESH_X")])


def test_a_closed_connection_takes_no_port() -> None:
    """A port whose connections linger in TIME_WAIT is free: a run may follow a run at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # the side that closes first keeps TIME_WAIT

    require_free([Need("127.0.0.1", port, "MESH_X")])


def test_every_taken_port_is_told_at_once() -> None:
    """Two taken ports are two lines; UDP is said where it is meant."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        ports = (tcp.getsockname()[1], udp.getsockname()[1])

        with pytest.raises(PortTaken) as caught:
            require_free(
                [
                    Need("127.0.0.1", ports[0], "MESH_A"),
                    Need("127.0.0.1", ports[1], "MESH_B", udp=True),
                ]
            )

    lines = str(caught.value).splitlines()
    assert [f"port {ports[0]} on", f"port {ports[1]}/udp on"] == [
        line[: line.index(" 127")] for line in lines
    ]


def test_an_address_of_another_machine_is_told_as_such() -> None:
    """192.0.2.1 is nobody's (RFC 5737), which is not the same as taken."""
    with pytest.raises(PortTaken, match=r"cannot be used: .*; set MESH_X to another"):
        require_free([Need("192.0.2.1", 8080, "MESH_X")])
