"""Mutual TLS of the mesh, on real sockets: who is refused, why, and what changes while it runs."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from meshdoctor.lab.authority import CLIENT, SERVER, Authority, Leaf
from meshdoctor.mesh import ServerPolicy, Target
from meshdoctor.mesh.tlscallers import Callers
from tests.support.mesh_client import PATIENT, Client
from tests.support.mesh_echo import ASK, EchoServer
from tests.support.mesh_net import addresses, free_port, until
from tests.support.tls_secrets import (
    BACKEND,
    SHOP,
    Lines,
    Secret,
    backend_leaf,
    client,
    server_tls,
    shop_leaf,
)

pytestmark = pytest.mark.integration

OURS: Final = Authority()
THEIRS: Final = Authority()
"""Of the same name, with another key."""
HEALTH: Final = "/grpc.health.v1.Health/Check"
NOTICED: Final = 15.0
"""Seconds of a busy machine for a look at the files each second and a new connection."""
OK = grpc.StatusCode.OK


@pytest.fixture
def host() -> str:
    """Give an address that no other test has."""
    return addresses(1)[0]


@pytest.fixture
def secret(tmp_path: Path, host: str) -> Secret:
    """Give the server's Secret."""
    return Secret(tmp_path / "server", backend_leaf(OURS, host))


@pytest.fixture
def server(secret: Secret, host: str) -> Iterator[EchoServer]:
    """Give a server that talks TLS and nothing else."""
    with EchoServer(host, credentials=server_tls(secret)) as started:
        yield started


@pytest.fixture
def shops(tmp_path: Path) -> Secret:
    """Give the client's Secret."""
    return Secret(tmp_path / "client", shop_leaf(OURS))


def settled(asking: Client) -> dict[str, float]:
    """Give the failures by cause, when the probe has told."""
    until(lambda: bool(asking.causes()), NOTICED)
    return asking.causes()


def shown_by(server: EchoServer) -> str:
    """Give the certificate that a server shows, as PEM."""
    return ssl.get_server_certificate((server.host, server.port), timeout=5)


def plain(leaf: Leaf) -> str:
    """Give a leaf's certificate as `shown_by` does."""
    return leaf.certificate.decode()


def test_both_who_are_ours_talk(server: EchoServer, shops: Secret) -> None:
    """A certificate of our CA on either side, each made for its side, and the right name."""
    with client(server, shops) as asking:
        assert OK is asking.code()
        assert {} == asking.causes()


def test_an_authority_renewed_with_its_key_needs_no_overlap(host: str, tmp_path: Path) -> None:
    """One side has its old certificate and the other the new one: both believe each other."""
    assert OURS.certificate != OURS.renewed().certificate
    secret = Secret(tmp_path / "server", backend_leaf(OURS.renewed(), host))
    old = Secret(tmp_path / "client", shop_leaf(OURS))
    with EchoServer(host, credentials=server_tls(secret)) as server, client(server, old) as asking:
        assert OK is asking.code()


@pytest.mark.parametrize(
    "leaf",
    [
        pytest.param(shop_leaf(THEIRS), id="foreign CA"),
        pytest.param(shop_leaf(OURS, seconds=-5), id="expired"),
        pytest.param(OURS.leaf(SHOP, usages=(SERVER,)), id="a server's"),
    ],
)
def test_a_client_that_is_not_ours_is_refused(
    server: EchoServer, tmp_path: Path, leaf: Leaf
) -> None:
    """The server hangs up without a word; the greeting finds out that it was TLS."""
    shown = Secret(tmp_path / "client", Leaf(leaf.certificate, leaf.key, OURS.certificate))
    with client(server, shown) as asking:
        assert grpc.StatusCode.UNAVAILABLE is asking.code()
        assert {"tls-handshake": 1.0} == settled(asking)
    assert 0 == server.echo.executed


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param(None, id="plain text"),
        pytest.param(grpc.ssl_channel_credentials(OURS.certificate), id="no certificate"),
    ],
)
def test_a_client_without_a_certificate_is_refused(
    server: EchoServer, credentials: grpc.ChannelCredentials | None
) -> None:
    """An ordinary channel, as anybody can open who reaches the port."""
    channel = (
        grpc.secure_channel(server.address, credentials)
        if credentials
        else grpc.insecure_channel(server.address)
    )
    with channel:
        ask: Any = channel.unary_unary(f"/{ASK}")
        with pytest.raises(grpc.RpcError) as caught:
            ask(b"?", timeout=5)

    assert grpc.StatusCode.UNAVAILABLE is caught.value.code()
    assert 0 == server.echo.executed


def test_a_plain_mesh_at_a_tls_server_is_told_apart_from_nothing_else(server: EchoServer) -> None:
    """Without TLS of its own it cannot greet: the connection is lost, `tls-untrusted` among why."""
    with Client(Target(server.host, server.port), policy=PATIENT) as asking:
        assert grpc.StatusCode.UNAVAILABLE is asking.code()
        assert {"connect-lost": 1.0} == settled(asking)


@pytest.mark.parametrize(
    "leaf",
    [
        pytest.param(lambda host: backend_leaf(OURS, host, seconds=-5), id="expired"),
        pytest.param(lambda host: backend_leaf(THEIRS, host), id="foreign CA"),
        pytest.param(lambda _host: backend_leaf(OURS), id="another name"),
        pytest.param(lambda host: OURS.leaf(BACKEND, host, usages=(CLIENT,)), id="a client's"),
    ],
)
def test_a_server_that_is_not_ours_is_refused(
    host: str, tmp_path: Path, shops: Secret, leaf: Callable[[str], Leaf]
) -> None:
    """The client says why by itself, and the metric says that it is TLS."""
    made = leaf(host)
    shown = Secret(tmp_path / "server", Leaf(made.certificate, made.key, OURS.certificate))
    with (
        EchoServer(host, credentials=server_tls(shown)) as server,
        client(server, shops) as asking,
    ):
        assert grpc.StatusCode.UNAVAILABLE is asking.code()
        assert {"tls-handshake": 1.0} == settled(asking)
        assert 0 == server.echo.executed


def test_a_plain_server_is_refused(host: str, shops: Secret) -> None:
    """Who was told to talk TLS does not fall back to plain text."""
    with EchoServer(host) as server, client(server, shops) as asking:
        assert grpc.StatusCode.UNAVAILABLE is asking.code()
        assert {"tls-handshake": 1.0} == settled(asking)
        assert 0 == server.echo.executed


def test_older_tls_is_not_spoken(server: EchoServer) -> None:
    """1.2 is, 1.1 is not (RFC 8996)."""
    answers = {}
    for version in (b"\x03\x02", b"\x03\x03"):
        with socket.create_connection((server.host, server.port), 5) as raw:
            raw.sendall(_hello(version))
            answers[version] = raw.recv(1)

    # 22 begins a handshake; an alert is 21, and gRPC only hangs up.
    assert {b"\x03\x02": b"", b"\x03\x03": b"\x16"} == answers


@pytest.mark.parametrize(("name", "code"), [(SHOP, OK), ("x", grpc.StatusCode.PERMISSION_DENIED)])
def test_a_server_may_name_its_callers(
    host: str, secret: Secret, shops: Secret, name: str, code: grpc.StatusCode
) -> None:
    """One of the names must be in the caller's certificate; health tells everybody of ours."""
    interceptors = (Callers((name, "y")),)
    tls = server_tls(secret)
    with (
        EchoServer(host, interceptors=interceptors, credentials=tls) as server,
        client(server, shops) as asking,
    ):
        check: Any = asking.channel.unary_unary(HEALTH)

        assert [code, code] == [asking.code(), asking.code()]
        assert b"\x08\x01" == check(b"")


def test_streams_are_refused_as_well(host: str, secret: Secret, shops: Secret) -> None:
    """Every kind of method asks first."""
    with (
        EchoServer(host, interceptors=(Callers("x"),), credentials=server_tls(secret)) as server,
        client(server, shops) as asking,
    ):
        split: Any = asking.channel.unary_stream("/test.Echo/Split")
        with pytest.raises(grpc.RpcError) as caught:
            list(split(b"?"))

    assert grpc.StatusCode.PERMISSION_DENIED is caught.value.code()
    assert f"this server does not take calls from {SHOP}" == caught.value.details()


def test_a_server_takes_new_files_without_a_restart(
    server: EchoServer, secret: Secret, host: str
) -> None:
    """Who connects after the swap sees the new certificate."""
    new = backend_leaf(OURS, host)
    assert shown_by(server) != plain(new)

    secret.swap(new.files())

    until(lambda: shown_by(server) == plain(new), NOTICED)


def test_a_server_keeps_what_is_good(host: str, tmp_path: Path, shops: Secret) -> None:
    """Half a Secret costs nobody a connection and the log one line."""
    lines = Lines()
    good = backend_leaf(OURS, host)
    secret = Secret(tmp_path / "server", good)
    with EchoServer(host, credentials=server_tls(secret, lines)) as server:
        secret.swap({**good.files(), "tls.key": backend_leaf(OURS, host).key})
        until(lambda: bool(lines.events()), NOTICED)
        time.sleep(2.5)

        assert plain(good) == shown_by(server)
        with client(server, shops) as asking:
            assert OK is asking.code()
    assert ["tls.kept"] == lines.events()


def test_a_client_moves_before_it_breaks(server: EchoServer, shops: Secret) -> None:
    """The call in flight ends well on its old connection while others go over a new one."""
    lines = Lines()
    with client(server, shops, lines) as asking:
        assert OK is asking.code()
        server.echo.seconds = 3.5
        slow: list[grpc.StatusCode] = []
        running = threading.Thread(target=lambda: slow.append(asking.code(timeout=15)))
        running.start()
        until(lambda: server.echo.executed == 2, NOTICED)
        server.echo.seconds = 0.0
        before = set(server.echo.peers)

        shops.swap(shop_leaf(OURS).files())
        until(lambda: asking.code() is OK and server.echo.peers != before, NOTICED)
        running.join(20)

        assert [OK] == slow
        assert 2 == len(server.echo.peers)
        assert {} == asking.causes()
    assert ["tls.renewed"] == lines.events()


def test_a_client_keeps_what_works(host: str, tmp_path: Path, shops: Secret) -> None:
    """New files that the server does not take cost nothing, and are used when it does."""
    lines = Lines()
    secret = Secret(tmp_path / "server", backend_leaf(OURS, host))
    both = OURS.certificate + THEIRS.certificate
    foreign = shop_leaf(THEIRS).files()
    with (
        EchoServer(host, credentials=server_tls(secret)) as server,
        client(server, shops, lines) as asking,
    ):
        assert OK is asking.code()
        shops.swap({**foreign, "ca.crt": both})
        until(lambda: "tls.pending" in lines.events(), NOTICED)
        assert OK is asking.code()
        assert 1 == len(server.echo.peers)

        secret.swap({**backend_leaf(OURS, host).files(), "ca.crt": both})
        until(lambda: asking.code() is OK and len(server.echo.peers) == 2, NOTICED)
        assert {} == asking.causes()
    assert {"tls.renewed", "tls.pending"} == set(lines.events())


def test_a_backend_that_was_away_for_the_change_is_found_again(
    host: str, tmp_path: Path, shops: Secret
) -> None:
    """It has nothing to lose, so its old channel is not waited for."""
    port = free_port(host)
    secret = Secret(tmp_path / "server", backend_leaf(OURS, host))
    with ExitStack() as stack:
        before = stack.enter_context(EchoServer(host, port, credentials=server_tls(secret)))
        asking = stack.enter_context(client(before, shops))
        assert OK is asking.code()
        before.server.stop()
        until(lambda: asking.code() is not OK, NOTICED)
        shops.swap(shop_leaf(THEIRS).files())
        secret.swap(backend_leaf(THEIRS, host).files())
        stack.enter_context(EchoServer(host, port, credentials=server_tls(secret)))

        until(lambda: asking.code() is OK, NOTICED)


@pytest.mark.parametrize("whose", ["server", "client"])
def test_who_has_expired_is_refused_within_a_connections_age(
    host: str, tmp_path: Path, whose: str
) -> None:
    """A live connection stays good, for as long as its age allows; the next one is refused."""
    seconds = {"server": 3600.0, "client": 3600.0, whose: 4.0}
    policy = ServerPolicy(max_connection_age_seconds=2.0, grace_seconds=1.0)
    served = Secret(tmp_path / "server", backend_leaf(OURS, host, seconds=seconds["server"]))
    shown = Secret(tmp_path / "client", shop_leaf(OURS, seconds["client"]))
    end = time.monotonic() + 4.0
    with (
        EchoServer(host, policy=policy, credentials=server_tls(served)) as server,
        client(server, shown) as asking,
    ):
        assert OK is asking.code()
        until(lambda: asking.code() is not OK, NOTICED)
        late = time.monotonic() - end

        # Certificates count whole seconds; gRPC draws an age by a tenth more or less (gRFC A9).
        assert -1.2 < late < 2.0 * 1.1 + 1.0 + 3.0
        until(lambda: asking.code() is not OK and "tls-handshake" in asking.causes(), NOTICED)


def test_an_expired_certificate_is_good_on_a_live_connection(host: str, tmp_path: Path) -> None:
    """Which is why connections have an age at all."""
    served = Secret(tmp_path / "server", backend_leaf(OURS, host, seconds=5.0))
    shown = Secret(tmp_path / "client", shop_leaf(OURS))
    with (
        EchoServer(host, credentials=server_tls(served)) as server,
        client(server, shown) as asking,
    ):
        assert OK is asking.code()
        time.sleep(6.0)
        assert OK is asking.code()
        with client(server, shown) as late:
            assert OK is not late.code()


def test_health_has_a_port_of_its_own(host: str, secret: Secret) -> None:
    """It says in plain text what is so, in the drain too; nothing else is there, at any size."""
    echo = EchoServer(host, credentials=server_tls(secret))
    with echo:
        port = echo.server.start_health(host, free_port(host))
        with grpc.insecure_channel(f"{host}:{port}") as channel:
            check: Any = channel.unary_unary(HEALTH)
            ask: Any = channel.unary_unary(f"/{ASK}")

            assert b"\x08\x01" == check(b"", timeout=5)
            with pytest.raises(grpc.RpcError) as caught:
                ask(b"?", timeout=5)
            assert grpc.StatusCode.UNIMPLEMENTED is caught.value.code()
            with pytest.raises(grpc.RpcError) as too_much:
                check(b"\x0a\x80\x80\x08" + b"x" * (128 * 1024), timeout=5)
            assert grpc.StatusCode.RESOURCE_EXHAUSTED is too_much.value.code()

            drain = threading.Thread(target=echo.server.drain)
            drain.start()
            until(lambda: check(b"", timeout=5) == b"\x08\x02", NOTICED)
            drain.join(10)


def _hello(version: bytes) -> bytes:
    """Give the first words of a client that speaks this version at most (RFC 5246 7.4.1.2)."""
    suites = bytes.fromhex("c02bc02cc009c00a002f0035")
    extensions = bytes.fromhex("000a00040002001700 0b00020100".replace(" ", ""))
    if version == b"\x03\x03":
        extensions += bytes.fromhex("000d0004000204 03".replace(" ", ""))
    body = version + b"\x07" * 32 + b"\x00" + len(suites).to_bytes(2, "big") + suites
    body += b"\x01\x00" + len(extensions).to_bytes(2, "big") + extensions
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message
