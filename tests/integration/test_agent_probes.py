"""Each probe over real sockets: every answer there is, and the time it may take."""

import asyncio
import random
import time

import dns.flags
import dns.message
import dns.rrset
import pytest
from grpc_health.v1.health_pb2 import HealthCheckResponse

from meshdoctor.agent.edges import PROXY_PORT
from meshdoctor.agent.probes.asking import ask
from meshdoctor.agent.probes.trial import Trial
from meshdoctor.probes.mesh.evidence import SLOW_SECONDS, Answer, Ask, Edge, Ground, Role
from tests.support.agent_places import (
    deaf_datagrams,
    full,
    grpc_server,
    listening,
    lost,
    nobody,
    saying,
    silent,
    small_alone,
)
from tests.support.mesh_dns import NAME, DnsServer

pytestmark = pytest.mark.integration

SECONDS = 0.6
STREAMS = (Ask.TCP, Ask.LARGE, Ask.GRPC, Ask.DNS_TCP)


def tried(how: Ask, address: str, role: Role = Role.BACKEND, name: str = NAME) -> Trial:
    """Try an address once."""
    edge = Edge(role, Ground.OTHER_NODE, how, "it", "n2", address, name)
    return asyncio.run(ask(edge, SECONDS))


def named(how: Ask, server: DnsServer, name: str = NAME) -> Trial:
    """Ask a name server."""
    return tried(how, f"{server.host}:{server.port}", Role.DNS, name)


@pytest.mark.parametrize("how", STREAMS)
def test_an_address_that_drops_every_packet_is_silent_in_time(how: Ask) -> None:
    """As behind a security group: the deadline ends the wait, not the kernel's two minutes."""
    with full() as address:
        begun = time.monotonic()
        trial = tried(how, address)

    assert Answer.SILENT is trial.answer
    assert SECONDS <= time.monotonic() - begun < SECONDS + 2.0


@pytest.mark.parametrize("how", [*STREAMS, Ask.DNS_UDP])
def test_where_nobody_listens_it_is_refused_at_once(how: Ask) -> None:
    """Over UDP too: the kernel of the other side says so."""
    trial = tried(how, nobody())

    assert (Answer.REFUSED, "Connection refused") == (trial.answer, trial.words)
    assert trial.seconds < SECONDS


@pytest.mark.parametrize("how", [Ask.LARGE, Ask.GRPC, Ask.DNS_TCP])
def test_a_connection_that_breaks_off_is_lost(how: Ask) -> None:
    """A reset after something was said."""
    with listening(lost) as address:
        assert Answer.LOST is tried(how, address).answer


@pytest.mark.parametrize("how", [Ask.GRPC, Ask.DNS_TCP])
def test_who_accepts_and_says_nothing_is_silent_while_tcp_is_well(how: Ask) -> None:
    """A process that hangs: its kernel still accepts for it."""
    with listening(silent) as address:
        assert [Answer.OK, Answer.SILENT] == [
            tried(each, address).answer for each in (Ask.TCP, how)
        ]


def test_a_neighbour_that_hangs_is_not_taken_for_a_hole_in_the_mtu() -> None:
    """Where not even a few bytes come back it is not their size."""
    with listening(silent) as address:
        assert Answer.NOT_SERVING is tried(Ask.LARGE, address).answer


def test_where_only_few_bytes_come_back_large_ones_are_silent() -> None:
    """That is what a hole in the MTU looks like."""
    with listening(small_alone) as address:
        assert Answer.SILENT is tried(Ask.LARGE, address).answer


def test_who_says_something_else_back_is_odd() -> None:
    """It is no agent."""
    with listening(saying(bytes(16))) as address:
        assert Answer.ODD is tried(Ask.LARGE, address).answer


@pytest.mark.parametrize("how", [Ask.DNS_UDP, Ask.DNS_TCP])
@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("answer", Answer.OK),
        ("servfail", Answer.SERVFAIL),
        ("nxdomain", Answer.NXDOMAIN),
        ("refused", Answer.REFUSED),
        ("empty", Answer.NO_ADDRESS),
        ("silent", Answer.SILENT),
        (f"slow:{SLOW_SECONDS + 0.05}", Answer.SLOW),
    ],
)
def test_what_a_name_server_says_is_told(how: Ask, behaviour: str, expected: Answer) -> None:
    """By UDP and by TCP alike."""
    with DnsServer("127.0.0.1", behaviour=behaviour) as server:
        assert expected is named(how, server).answer


def test_a_name_that_is_not_there_is_told_as_such() -> None:
    """The name server is well; the name is wrong."""
    with DnsServer("127.0.0.1") as server:
        assert Answer.NXDOMAIN is named(Ask.DNS_UDP, server, "no.such.cluster.local.").answer


def test_an_answer_too_long_for_a_datagram_is_an_answer() -> None:
    """Truncated, it says that there are addresses; TCP has an edge of its own."""

    def truncated(packet: bytes) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(packet))
        response.flags |= dns.flags.TC
        return response.to_wire()

    with DnsServer(respond=truncated) as server:
        assert Answer.OK is named(Ask.DNS_UDP, server).answer


def test_a_forged_datagram_does_not_end_the_wait_for_the_true_one() -> None:
    """Whoever can guess a port must guess the rest, too."""

    def both(packet: bytes) -> bytes:
        query = dns.message.from_wire(packet)
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text(NAME, 5, "IN", "A", "127.0.0.1"))
        return response.to_wire()

    with DnsServer(respond=both) as true, deaf_datagrams(b"forged") as odd:
        assert [Answer.OK, Answer.ODD] == [
            named(Ask.DNS_UDP, true).answer,
            tried(Ask.DNS_UDP, odd, Role.DNS).answer,
        ]


def test_datagrams_that_nobody_reads_are_silence() -> None:
    """To a name server and to a neighbour."""
    with deaf_datagrams() as address:
        assert {Answer.SILENT} == {
            tried(Ask.DNS_UDP, address, Role.AGENT, name).answer for name in (NAME, "")
        }


@pytest.mark.parametrize(
    ("state", "expected", "words"),
    [
        (HealthCheckResponse.SERVING, Answer.OK, ""),
        (HealthCheckResponse.NOT_SERVING, Answer.NOT_SERVING, "it says NOT_SERVING"),
        (HealthCheckResponse.UNKNOWN, Answer.NOT_SERVING, "it says UNKNOWN"),
        (None, Answer.OK, ""),
    ],
)
def test_a_grpc_server_is_as_well_as_it_says(
    state: int | None, expected: Answer, words: str
) -> None:
    """One of grpcio's own; one that tells no health answered, which is more than a port."""
    with grpc_server(state) as address:
        trial = tried(Ask.GRPC, address)

    assert (expected, words) == (trial.answer, trial.words)


@pytest.mark.parametrize(
    "words", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\0\x02\x02\x46"]
)
def test_who_speaks_no_grpc_is_odd(words: bytes) -> None:
    """A web server, or one that wants TLS."""
    with listening(saying(words)) as address:
        trial = tried(Ask.GRPC, address)

    assert Answer.ODD is trial.answer
    assert trial.words.startswith("it speaks no gRPC")


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (saying(b"HTTP/1.1 200 OK\r\n\r\n{}"), Answer.OK),
        (saying(b"HTTP/1.1 503 Service Unavailable\r\n\r\n{}"), Answer.NOT_SERVING),
        (saying(b"HTTP/1.1 404 Not Found\r\n\r\n"), Answer.ODD),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), Answer.ODD),
        (silent, Answer.SILENT),
        (lost, Answer.LOST),
    ],
)
def test_the_health_of_kube_proxy_is_read(talk: object, expected: Answer) -> None:
    """On the port that it has, where a mere connection would say too little."""
    with listening(talk, PROXY_PORT) as address:  # type: ignore[arg-type]  # one of those above
        assert expected is tried(Ask.TCP, address, Role.NODE).answer


def test_words_of_strangers_fit_into_a_line() -> None:
    """Neither long nor with anything that a terminal would obey."""
    with listening(saying(b"HTTP/1.1 200 \x1b[31m" + b"x" * 4000)) as address:
        words = tried(Ask.GRPC, address).words

    assert words.isprintable()
    assert len(words) <= 160


def strange_words() -> list[bytes]:
    """Give bytes at random, behind nothing and behind the beginnings of what is expected."""
    chance = random.Random(11)  # noqa: S311 - no secret
    settings, headers = bytes.fromhex("000000040000000000"), bytes.fromhex("000014010400000001")
    beginnings = (b"", b"\0\x40", b"HTTP/1.1 200", settings, settings + headers, bytes(16))
    return [
        beginning + chance.randbytes(chance.randrange(1, 200))
        for beginning in beginnings
        for _ in range(3)
    ]


@pytest.mark.parametrize("how", [Ask.LARGE, Ask.GRPC, Ask.DNS_TCP, Ask.TCP])
def test_whatever_strangers_say_is_an_answer(how: Ask) -> None:
    """No probe raises, none takes longer than it may, none takes nonsense for well."""
    role, port = (Role.NODE, PROXY_PORT) if how is Ask.TCP else (Role.DNS, 0)
    for words in strange_words():
        with listening(saying(words), port) as address:
            trial = tried(how, address, role)

        assert trial.answer in {Answer.ODD, Answer.LOST, Answer.SILENT, Answer.NOT_SERVING}, words
        assert trial.seconds < SECONDS + 0.5
