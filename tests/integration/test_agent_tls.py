"""Certificates of servers that speak TLS, read without one of the agent's own."""

import asyncio
import time
from pathlib import Path

import grpc
import pytest

from meshdoctor.agent.certificates import Certificates
from meshdoctor.agent.knowledge import Place
from meshdoctor.agent.probes.tls import CertificateReader
from meshdoctor.lab.authority import DAY, Authority, Leaf
from meshdoctor.probes.mesh.evidence import Certificate
from tests.support.agent_places import full, grpc_server, listening, saying

pytestmark = pytest.mark.integration

NAME = "recommendations.bookstore.svc.cluster.local"


def mutual(leaf: Leaf) -> grpc.ServerCredentials:
    """Show a certificate, and want one, as the mesh does."""
    pair = (leaf.key, leaf.certificate)
    return grpc.ssl_server_credentials(
        [pair], root_certificates=leaf.authority, require_client_auth=True
    )


def place(address: str) -> Place:
    """Give a backend that has its health elsewhere."""
    host, _, port = address.rpartition(":")
    return Place("here", "books-1", "n1", host, int(port), "books", 1)


def read(address: str, authorities: Path | None = None) -> Certificate | None:
    """Read the certificate at an address."""
    return asyncio.run(CertificateReader(authorities).read(place(address)))


@pytest.mark.parametrize("seconds", [DAY, -3600.0])
def test_the_dates_of_a_certificate_are_read_whatever_they_are(seconds: float) -> None:
    """From a server that wants a certificate of its caller; an expired one is read, too."""
    with grpc_server(1, mutual(Authority().leaf(NAME, seconds=seconds))) as address:
        certificate = read(address)

    assert certificate is not None
    assert time.time() + seconds == pytest.approx(certificate.not_after, abs=30)
    assert certificate.not_before < certificate.not_after
    assert ("books-1", address, NAME, None) == (
        certificate.target,
        certificate.address,
        certificate.subject,
        certificate.trusted,
    )


@pytest.mark.parametrize("seconds", [DAY, -3600.0])
def test_whether_the_agents_authorities_vouch_for_it_is_told(
    tmp_path: Path, seconds: float
) -> None:
    """By the signature alone: an expired certificate is not an untrusted one."""
    right, wrong = Authority(), Authority()
    for name, authority in (("right", right), ("wrong", wrong)):
        (tmp_path / name).write_bytes(authority.certificate)
    with grpc_server(1, mutual(right.leaf(NAME, seconds=seconds))) as address:
        read_with = {name: read(address, tmp_path / name) for name in ("right", "wrong", "none")}

    assert {"right": True, "wrong": False, "none": None} == {
        name: certificate.trusted for name, certificate in read_with.items() if certificate
    }


def test_where_there_is_no_tls_there_is_no_certificate() -> None:
    """Plain gRPC, another protocol, silence."""
    with (
        grpc_server(1) as plain,
        listening(saying(b"SSH-2.0-OpenSSH_9.2\r\n")) as other,
        full() as silent,
    ):
        assert [None] * 3 == [read(address) for address in (plain, other, silent)]


def test_what_cannot_be_read_is_told_as_it_was() -> None:
    """A server that is gone has shown its certificate before."""
    authority = Authority()
    reader = Certificates(CertificateReader(None).read)

    async def end() -> list[float]:
        return [one.not_after - time.time() for one in await reader.look([place(address)])]

    with grpc_server(1, mutual(authority.leaf(NAME, seconds=DAY))) as address:
        first = asyncio.run(end())
    after = asyncio.run(end())

    assert [pytest.approx(DAY, abs=60)] == first
    assert first == pytest.approx(after, abs=30)


def test_another_certificate_is_seen_in_the_next_round() -> None:
    """An expired one is told as soon as it is shown, and so is the one after it."""
    ends = [time.time() + DAY, time.time() - 60, time.time() + DAY]
    left = iter(ends)

    async def read_one(one: Place) -> Certificate:
        return Certificate(one.pod, one.address, 0.0, next(left))

    async def look() -> list[float]:
        certificates = Certificates(read_one)
        rounds = [await certificates.look([place("127.0.0.1:1")]) for _ in ends]
        return [one.not_after for (one,) in rounds]

    assert ends == asyncio.run(look())


def test_who_has_no_health_port_is_not_asked() -> None:
    """Its serving port speaks plain gRPC: it would log a strange caller."""
    asked = []

    async def note(one: Place) -> None:
        asked.append(one)

    plain = Place("here", "books-1", "n1", "127.0.0.1", 1, "books")
    assert () == asyncio.run(Certificates(note).look([plain]))
    assert [] == asked
