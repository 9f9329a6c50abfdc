"""The DNS stand-in's answers, packet for packet."""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from meshdoctor.lab.dnsanswers import Behaviour, Responder, parse_behaviour, parse_record

NAME = "recommendations.bookstore.svc.cluster.local."


def ask(name: str, kind: str, behaviour: str = "answer") -> dns.message.Message:
    """Ask a responder that knows NAME at two addresses."""
    responder = Responder(
        dict([parse_record(f"{NAME}=127.0.0.11,127.0.0.12")]), lambda: parse_behaviour(behaviour)
    )
    packet = responder.respond(dns.message.make_query(name, kind).to_wire())
    assert packet is not None
    return dns.message.from_wire(packet)


def test_a_known_name_has_its_addresses() -> None:
    """A headless Service answers with the address of every Pod, authoritatively."""
    response = ask(NAME, "A")

    assert ["127.0.0.11", "127.0.0.12"] == sorted(each.address for each in response.answer[0])
    assert response.flags & dns.flags.AA


def test_names_have_no_case() -> None:
    """RFC 4343: DNS names compare without regard to case, and resolvers play with it (0x20)."""
    assert 1 == len(ask(NAME.upper(), "A").answer)


@pytest.mark.parametrize(
    ("name", "kind", "rcode"),
    [(NAME, "AAAA", dns.rcode.NOERROR), ("nope.cluster.local.", "A", dns.rcode.NXDOMAIN)],
)
def test_absence_comes_with_the_zones_soa(name: str, kind: str, rcode: dns.rcode.Rcode) -> None:
    """RFC 2308: NODATA and NXDOMAIN differ by rcode, and both carry the SOA."""
    response = ask(name, kind)

    assert (rcode, []) == (response.rcode(), response.answer)
    assert [dns.rdatatype.SOA] == [rrset.rdtype for rrset in response.authority]


@pytest.mark.parametrize("word", ["servfail", "refused", "nxdomain"])
def test_a_failing_server_says_how(word: str) -> None:
    """The behaviour's word is the rcode of every answer, also for the name it knows."""
    response = ask(NAME, "A", word)

    assert (dns.rcode.from_text(word), []) == (response.rcode(), response.answer)


def test_a_service_without_pods_has_a_name_and_no_address() -> None:
    """Told to be empty, it answers for the name it knows as CoreDNS for a Service without Pods."""
    response = ask(NAME, "A", "empty")

    assert (dns.rcode.NOERROR, []) == (response.rcode(), response.answer)
    assert [dns.rdatatype.SOA] == [rrset.rdtype for rrset in response.authority]


@pytest.mark.parametrize("packet", [b"", b"\0", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 600])
def test_noise_gets_no_answer(packet: bytes) -> None:
    """What is no DNS query is dropped, and the server lives."""
    assert Responder({}, Behaviour).respond(packet) is None


def test_a_response_gets_no_answer() -> None:
    """Two such servers cannot be made to talk to each other for ever."""
    response = dns.message.make_response(dns.message.make_query(NAME, "A"))

    assert Responder({}, Behaviour).respond(response.to_wire()) is None


@pytest.mark.parametrize("text", ["", "slow", "slow:", "slow:-1", "slow:nan", "answer:3", "no"])
def test_an_unknown_behaviour_is_refused_with_the_list(text: str) -> None:
    """Whoever mistypes learns the words."""
    with pytest.raises(ValueError, match="is none of answer, silent, servfail, refused, nxdomain"):
        parse_behaviour(text)


@pytest.mark.parametrize("text", ["", "name", "name=", "name=::1", "a..b=127.0.0.1"])
def test_a_bad_record_is_refused_at_the_start(text: str) -> None:
    """A server that starts can answer."""
    with pytest.raises(ValueError, match="is not NAME=IPV4,IPV4"):
        parse_record(text)
