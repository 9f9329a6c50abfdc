"""Cluster DNS answers as CoreDNS does."""

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from meshdoctor.lab.net.faults import network_faults
from meshdoctor.lab.net.network import Network
from meshdoctor.lab.net.seed import named
from meshdoctor.lab.net.spaces import within

HEADLESS = "recommendations.bookstore.svc.cluster.local."
pytestmark = pytest.mark.usefixtures("net")


def answer(name: str, kind: str = "A", over: str = "udp") -> dns.message.Message:
    """Ask cluster DNS from a Pod on another node."""
    with within("mesh-agent-3"):
        query = dns.message.make_query(name, kind)
        if over == "tcp":
            return dns.query.tcp(query, "10.96.0.10", timeout=5)
        return dns.query.udp(query, "10.96.0.10", timeout=5)


def addresses(message: dns.message.Message) -> set[str]:
    """The addresses of an answer."""
    return {str(record) for rrset in message.answer for record in rrset}


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_a_headless_name_has_the_pods_addresses(over: str, net: Network) -> None:
    """Every Pod that the Service selects, with authority, for five seconds."""
    message = answer(HEADLESS, over=over)
    pods = named(net.topology, "recommendations")
    assert {pod.address for pod in pods} == addresses(message)
    assert message.flags & dns.flags.AA
    assert 5 == message.answer[0].ttl


def test_a_name_with_an_address_of_its_own_has_that() -> None:
    """As `nslookup` answers in the story, with a ClusterIP."""
    assert {"10.96.50.51"} == addresses(answer("recommendations-by-address." + HEADLESS[16:]))
    assert {"10.96.0.1"} == addresses(answer("kubernetes.default.svc.cluster.local."))


def test_ports_have_srv_records(net: Network) -> None:
    """Each Pod under a name of its own, which has its address."""
    records = addresses(answer(f"_grpc._tcp.{HEADLESS}", "SRV"))
    pod = named(net.topology, "recommendations")[0]
    host = f"{pod.address.replace('.', '-')}.{HEADLESS}"
    assert 3 == len(records)
    assert f"0 100 50051 {host}" in records
    assert {pod.address} == addresses(answer(host))


@pytest.mark.parametrize(
    "name", ["recommendations.", "recommendations.svc.cluster.local.", "example.org."]
)
def test_every_other_name_does_not_exist(name: str) -> None:
    """The misses of the search list, and the world outside: told at once, with an SOA."""
    message = answer(name)
    assert (dns.rcode.NXDOMAIN, 1) == (message.rcode(), len(message.authority))


def test_a_name_without_the_type_is_empty() -> None:
    """NODATA for AAAA: the name is there, the address is not."""
    message = answer(HEADLESS, "AAAA")
    assert (dns.rcode.NOERROR, []) == (message.rcode(), message.answer)


def test_a_headless_service_without_pods_has_no_name(net: Network) -> None:
    """NXDOMAIN as soon as the Service selects nothing; the name is back when it does again."""
    net.apply(network_faults()["routing-no-endpoints"].broken(net.healthy, net.topology))
    assert dns.rcode.NXDOMAIN == answer(HEADLESS).rcode()
    net.heal()
    assert dns.rcode.NOERROR == answer(HEADLESS).rcode()
