"""The side probe, asked about layers that are really broken."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from meshdoctor.mesh import Resolver
from meshdoctor.mesh.sideprobe import side_probe
from tests.support.mesh_dns import NAME, DnsServer
from tests.support.mesh_net import addresses, free_port

pytestmark = pytest.mark.integration


@contextmanager
def listening(host: str, port: int) -> Iterator[None]:
    """Accept connections and never answer, as a process that hangs."""
    with socket.create_server((host, port)):
        yield


@contextmanager
def silent(host: str, port: int) -> Iterator[None]:
    """Take no more connections and say nothing, as a path that drops packets."""
    with socket.create_server((host, port), backlog=0) as full, socket.socket() as first:
        first.connect(full.getsockname())  # the one that a backlog of nothing still takes
        yield


@pytest.mark.parametrize("behaviour", ["nxdomain", "servfail", "refused"])
def test_a_sick_dns_is_named(behaviour: str) -> None:
    """DNS is looked at first: without it no address was ever tried."""
    with DnsServer("127.0.0.1", behaviour=behaviour) as dns:
        cause = side_probe(Resolver(dns.servers), f"{NAME}:50051")

    assert f"dns-{behaviour}" == cause


def test_nobody_who_listens_is_named() -> None:
    """The name resolves and the port is closed."""
    hosts = addresses(2)
    with DnsServer(*hosts) as dns:
        cause = side_probe(Resolver(dns.servers), f"{NAME}:{free_port(*hosts)}")

    assert "connect-refused" == cause


def test_one_bad_address_among_good_ones_is_found() -> None:
    """A headless Service with one dead Pod: its cause, not "healthy"."""
    hosts = addresses(2)
    port = free_port(*hosts)
    with DnsServer(*hosts) as dns, listening(hosts[0], port):
        cause = side_probe(Resolver(dns.servers), f"{NAME}:{port}")

    assert "connect-refused" == cause


def test_silence_of_an_address_is_named() -> None:
    """Packets that vanish are a timeout, within a fraction of a second."""
    (host,) = addresses(1)
    port = free_port(host)
    start = time.monotonic()
    with silent(host, port):
        cause = side_probe(Resolver((("127.0.0.1", 1),)), f"{host}:{port}")

    assert "connect-timeout" == cause
    assert 1.0 > time.monotonic() - start


def test_where_all_is_well_it_says_nothing() -> None:
    """A process that accepts and hangs is no fault of DNS or of the path."""
    hosts = addresses(2)
    port = free_port(*hosts)
    with DnsServer(*hosts) as dns, listening(hosts[0], port), listening(hosts[1], port):
        assert side_probe(Resolver(dns.servers), f"{NAME}:{port}") is None
        assert side_probe(Resolver(dns.servers), f"{hosts[0]}:{port}") is None


def test_what_cannot_be_looked_at_is_not_called_healthy() -> None:
    """A target that it cannot read is an error; "healthy" would blame the handler unseen."""
    with pytest.raises(ValueError, match="expected host:port"):
        side_probe(Resolver((("127.0.0.1", 1),)), "no target at all")
