"""What the stand-in for cluster DNS answers, packets in and packets out, without any socket.

Well-behaved, it is CoreDNS in front of a headless Service: A records for a known name, NODATA for
the name's other types, NXDOMAIN with the zone's SOA for every other name (RFC 2308).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL = 5  # seconds, as CoreDNS gives cluster names
ZONE = dns.name.from_text("cluster.local.")
_SOA = "ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5"

ANSWER = "answer"
SILENT = "silent"
SLOW = "slow"
_RCODES = {
    "servfail": dns.rcode.SERVFAIL,
    "refused": dns.rcode.REFUSED,
    "nxdomain": dns.rcode.NXDOMAIN,
    "empty": dns.rcode.NOERROR,  # a Service that selects no ready Pod
}
BEHAVIOURS = (ANSWER, SILENT, *_RCODES, f"{SLOW}:SECONDS")

Records = Mapping[dns.name.Name, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What becomes of a query: one of `BEHAVIOURS`; a slow answer comes `seconds` late."""

    word: str = ANSWER
    seconds: float = 0.0


def parse_behaviour(text: str) -> Behaviour:
    """Read one of `BEHAVIOURS`.

    Raises:
        ValueError: it is none of them.
    """
    word, _, seconds = text.strip().partition(":")
    if word == SLOW and seconds.replace(".", "", 1).isdigit():
        return Behaviour(SLOW, float(seconds))
    if word in {ANSWER, SILENT, *_RCODES} and not seconds:
        return Behaviour(word)
    raise ValueError(f"{text.strip()!r} is none of {', '.join(BEHAVIOURS)}")


def parse_record(text: str) -> tuple[dns.name.Name, tuple[str, ...]]:
    """Read `NAME=IP,IP`; a name without its last dot is taken as complete.

    Raises:
        ValueError: it is no such record.
    """
    name, _, addresses = text.partition("=")
    try:
        # Built once here, so that a bad address is told at the start and not to a client.
        return _addresses(dns.name.from_text(name), tuple(addresses.split(",")))
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{text!r} is not NAME=IPV4,IPV4") from error


def _addresses(name: dns.name.Name, ips: tuple[str, ...]) -> tuple[dns.name.Name, tuple[str, ...]]:
    dns.rrset.from_text_list(name, TTL, "IN", "A", ips)
    return name, ips


@dataclass(frozen=True, slots=True)
class Responder:
    """Answers packets. `behaviour` is asked anew for each."""

    records: Records
    behaviour: Callable[[], Behaviour]

    def respond(self, packet: bytes) -> bytes | None:
        """Answer one query.

        Args:
            packet: a DNS message, without TCP's length.

        Returns:
            The response; None when there is none, because the packet is no query or the server
            is to be silent.
        """
        try:
            query = dns.message.from_wire(packet)
        except dns.exception.DNSException:
            return None
        behaviour = self.behaviour()
        if behaviour.word == SILENT or not query.question or query.flags & dns.flags.QR:
            return None
        time.sleep(behaviour.seconds)
        if behaviour.word in _RCODES:
            return _refuse(query, _RCODES[behaviour.word]).to_wire()
        return self._look_up(query).to_wire()

    def _look_up(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        ips = self.records.get(question.name)
        if ips is None:
            return _refuse(query, dns.rcode.NXDOMAIN)
        if question.rdtype != dns.rdatatype.A:
            return _refuse(query, dns.rcode.NOERROR)
        response = _response(query)
        response.answer.append(dns.rrset.from_text_list(question.name, TTL, "IN", "A", ips))
        return response


def _response(query: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(query, recursion_available=True)
    response.flags |= dns.flags.AA
    return response


def _refuse(query: dns.message.Message, rcode: dns.rcode.Rcode) -> dns.message.Message:
    response = _response(query)
    response.set_rcode(rcode)
    if rcode in {dns.rcode.NXDOMAIN, dns.rcode.NOERROR}:
        response.authority.append(dns.rrset.from_text(ZONE, TTL, "IN", "SOA", _SOA))
    return response
