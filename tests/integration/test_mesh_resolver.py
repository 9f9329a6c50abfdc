"""The resolver against DNS servers on real sockets, well and ill."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from meshdoctor.faults import CAUSES
from meshdoctor.mesh import Resolver
from tests.support.mesh_dns import NAME, DnsServer
from tests.support.mesh_net import addresses, free_port

pytestmark = pytest.mark.integration

A_SECOND = 1.6  # the second that is promised, dnspython's last pause, and a busy machine
AT_ONCE = 0.4

Answering = Callable[[dns.message.Message], dns.message.Message | None]


def server(answering: Answering) -> DnsServer:
    """Make a server that answers each query as `answering` says."""

    def respond(packet: bytes) -> bytes | None:
        response = answering(dns.message.from_wire(packet))
        return None if response is None else response.to_wire()

    return DnsServer(respond=respond)


def with_rcode(rcode: dns.rcode.Rcode) -> Answering:
    """Answer nothing but `rcode`."""

    def answering(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        return response

    return answering


def only_ipv6(query: dns.message.Message) -> dns.message.Message:
    """Answer AAAA, and NODATA to everything else."""
    response = dns.message.make_response(query)
    if query.question[0].rdtype == dns.rdatatype.AAAA:
        response.answer.append(
            dns.rrset.from_text(query.question[0].name, 5, "IN", "AAAA", "::2", "::1")
        )
    return response


def test_addresses_come_sorted() -> None:
    """A headless Service's addresses, in one order whatever order the server gives."""
    with DnsServer("10.0.0.3", "10.0.0.1", "10.0.0.2") as dns_server:
        answer = Resolver(dns_server.servers).lookup(NAME)

    assert ("10.0.0.1", "10.0.0.2", "10.0.0.3") == answer.addresses
    assert answer.cause is None
    assert 0 < answer.seconds < AT_ONCE


def test_a_name_with_ipv6_only_is_found() -> None:
    """Where there is no A record, AAAA is asked for."""
    with server(only_ipv6) as dns_server:
        answer = Resolver(dns_server.servers).lookup(NAME)

    assert (("::1", "::2"), None) == (answer.addresses, answer.cause)


@pytest.mark.parametrize(
    ("behaviour", "cause"),
    [
        ("nxdomain", "dns-nxdomain"),
        ("servfail", "dns-servfail"),
        ("refused", "dns-refused"),
        ("silent", "dns-timeout"),
        ("slow:3", "dns-timeout"),
    ],
)
def test_each_ailment_has_its_cause(behaviour: str, cause: str) -> None:
    """What a server says, or does not say, becomes a word of the vocabulary within a second."""
    with DnsServer("10.0.0.1", behaviour=behaviour) as dns_server:
        answer = Resolver(dns_server.servers).lookup(NAME)

    assert ((), cause) == (answer.addresses, answer.cause)
    assert cause in CAUSES
    assert (A_SECOND if cause == "dns-timeout" else AT_ONCE) > answer.seconds


def test_a_slow_answer_is_an_answer() -> None:
    """A server that takes a fifth of a second is heard, and its time is told."""
    with DnsServer("10.0.0.1", behaviour="slow:0.2") as dns_server:
        answer = Resolver(dns_server.servers).lookup(NAME)

    assert (("10.0.0.1",), None) == (answer.addresses, answer.cause)
    assert 0.2 <= answer.seconds < A_SECOND


def test_a_name_without_addresses_says_so() -> None:
    """NODATA for A and AAAA: the Service exists and selects no ready Pod."""
    with server(dns.message.make_response) as dns_server:
        answer = Resolver(dns_server.servers).lookup(NAME)
        asked = dns_server.queries

    assert ((), "dns-no-address") == (answer.addresses, answer.cause)
    assert 2 == asked


def test_a_name_of_another_cluster_does_not_exist() -> None:
    """The server is well and knows its own names only."""
    with DnsServer("10.0.0.1") as dns_server:
        answer = Resolver(dns_server.servers).lookup("elsewhere.test.svc.cluster.local.")

    assert "dns-nxdomain" == answer.cause


@pytest.mark.parametrize("rcode", [dns.rcode.NOTIMP, dns.rcode.FORMERR, dns.rcode.NOTAUTH])
def test_other_refusals_are_the_servers_failure(rcode: dns.rcode.Rcode) -> None:
    """A server that answers is not "refused", whatever it says."""
    with server(with_rcode(rcode)) as dns_server:
        answer = Resolver(dns_server.servers).lookup(NAME)

    assert "dns-servfail" == answer.cause


def test_nobody_on_the_port_is_heard_at_once() -> None:
    """The kernel's "port unreachable" reaches a connected socket: no waiting, another cause."""
    (host,) = addresses(1)
    answer = Resolver(((host, free_port(host)),)).lookup(NAME)

    assert "dns-refused" == answer.cause
    assert AT_ONCE > answer.seconds


def test_a_truncated_answer_is_fetched_over_tcp() -> None:
    """More addresses than a UDP packet holds: all of them come (RFC 7766, section 5)."""
    over_udp = True

    def answering(query: dns.message.Message) -> dns.message.Message:
        nonlocal over_udp
        response = dns.message.make_response(query)
        if over_udp:
            over_udp = False
            response.flags |= dns.flags.TC
        else:
            ips = [f"10.0.{number // 250}.{number % 250}" for number in range(500)]
            response.answer.append(
                dns.rrset.from_text_list(query.question[0].name, 5, "IN", "A", ips)
            )
        return response

    with server(answering) as dns_server:
        answer = Resolver(dns_server.servers).lookup(NAME)

    assert (500, None) == (len(answer.addresses), answer.cause)


def test_truncated_and_then_nonsense_over_tcp_is_the_servers_failure() -> None:
    """A server that breaks its own word is there and not well."""
    over_udp = True

    def respond(packet: bytes) -> bytes:
        nonlocal over_udp
        if not over_udp:
            return b"\xff" * 40
        over_udp = False
        response = dns.message.make_response(dns.message.from_wire(packet))
        response.flags |= dns.flags.TC
        return response.to_wire()

    with DnsServer(respond=respond) as dns_server:
        answer = Resolver(dns_server.servers).lookup(NAME)

    assert "dns-servfail" == answer.cause


@pytest.mark.parametrize(
    "respond",
    [
        lambda _packet: b"\xff" * 40,
        lambda _packet: b"x",
        lambda packet: packet,
        lambda packet: b"\0\0" + packet[2:],
    ],
    ids=["noise", "one byte", "the question itself", "another id"],
)
def test_nonsense_over_udp_is_no_answer(respond: Callable[[bytes], bytes]) -> None:
    """What is no answer to this question is waited out: anyone could have sent it."""
    with DnsServer(respond=respond) as dns_server:
        answer = Resolver(dns_server.servers, seconds=0.3).lookup(NAME)

    assert ((), "dns-timeout") == (answer.addresses, answer.cause)


def test_a_forged_packet_does_not_hide_the_true_answer() -> None:
    """A wrong packet that comes first is passed over (CVE-2023-29483)."""
    (host,) = addresses(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, ThreadPoolExecutor(1) as other:
        udp.bind((host, 0))
        asked = other.submit(Resolver(((host, udp.getsockname()[1]),)).lookup, NAME)
        packet, visitor = udp.recvfrom(4096)
        query = dns.message.from_wire(packet)
        response = dns.message.make_response(query)
        response.answer.append(
            dns.rrset.from_text(query.question[0].name, 5, "IN", "A", "10.0.0.1")
        )
        udp.sendto(b"\0\0" + response.to_wire()[2:], visitor)
        udp.sendto(response.to_wire(), visitor)

    assert (("10.0.0.1",), None) == (asked.result().addresses, asked.result().cause)


def test_the_second_server_answers_when_nobody_is_at_the_first() -> None:
    """A dead server costs nothing, because it is heard at once."""
    (host,) = addresses(1)
    with DnsServer("10.0.0.1") as well:
        answer = Resolver(((host, free_port(host)), *well.servers)).lookup(NAME)

    assert (("10.0.0.1",), None) == (answer.addresses, answer.cause)
    assert AT_ONCE > answer.seconds


@pytest.mark.parametrize("behaviour", ["silent", "servfail", "refused"])
def test_the_second_server_answers_when_the_first_is_ill(behaviour: str) -> None:
    """Half of the time is kept for the second server."""
    with DnsServer(behaviour=behaviour) as ill, DnsServer("10.0.0.1") as well:
        answer = Resolver((*ill.servers, *well.servers)).lookup(NAME)

    assert (("10.0.0.1",), None) == (answer.addresses, answer.cause)
    assert A_SECOND > answer.seconds


@pytest.mark.parametrize("name", ["", "..", f"{'a' * 64}.test.", "a." * 200, "bü\ud800cher."])
def test_no_name_makes_it_raise(name: str) -> None:
    """What cannot be asked does not exist."""
    with DnsServer("10.0.0.1") as dns_server:
        answer = Resolver(dns_server.servers).lookup(name)

    assert () == answer.addresses
    assert answer.cause in {"dns-nxdomain", "dns-no-address"}
