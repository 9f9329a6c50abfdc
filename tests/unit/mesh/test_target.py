"""What can be written for a target and for a DNS server, and what cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.mesh import Target
from meshdoctor.mesh.resolver import parse_servers

NEARLY = st.text(alphabet="abz019.:-_[]%/,٣ \n\0", max_size=30)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("books:50051", "books", 50051),
        ("dns:///books.shop.svc.cluster.local.:1", "books.shop.svc.cluster.local.", 1),
        ("under_score.example:65535", "under_score.example", 65535),
        ("10.0.0.1:80", "10.0.0.1", 80),
        ("[::1]:80", "::1", 80),
        ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
        (f"{'a' * 63}.{'b' * 63}:80", f"{'a' * 63}.{'b' * 63}", 80),
    ],
)
def test_a_target_is_read(text: str, host: str, port: int) -> None:
    """Names, absolute names and addresses of both families, with gRPC's own prefix or without."""
    assert Target(host, port) == Target.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "books",
        ":80",
        "books:",
        "books:0",
        "books:65536",
        "books:-1",
        "books: 80",
        "books:8_0",
        "books:٣",
        f"books:{'9' * 5000}",
        "::1:80",
        "[::1:80",
        "::1]:80",
        "[books]:80",
        "-books:80",
        "bo oks:80",
        "books\n:80",
        "a..b:80",
        ".:80",
        f"{'a' * 64}:80",
        f"{'a.' * 128}b:80",
        "http://books:80",
        "dns://10.0.0.10/books:80",
    ],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    """The error repeats what was found and says what was expected."""
    with pytest.raises(ValueError, match="expected") as caught:
        Target.parse(text)

    assert repr(text) in str(caught.value)


@given(text=st.one_of(st.text(max_size=40), NEARLY))
def test_any_text_is_a_target_or_a_value_error(text: str) -> None:
    """No other exception exists, and what was read can be written for gRPC and read again."""
    try:
        target = Target.parse(text)
    except ValueError:
        return
    written = f"[{target.host}]:{target.port}" if ":" in target.host else target.at(target.host)

    assert target == Target.parse(written)
    assert 1 <= target.port <= 65535


def test_an_address_gets_the_port_in_grpcs_form() -> None:
    """IPv6 needs brackets (RFC 3986, section 3.2.2), IPv4 has none."""
    target = Target("books", 80)

    assert ("10.0.0.1:80", "[::1]:80") == (target.at("10.0.0.1"), target.at("::1"))


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("", ()),
        (" , ", ()),
        ("10.0.0.10", (("10.0.0.10", 53),)),
        ("10.0.0.10:5353", (("10.0.0.10", 5353),)),
        ("::1, 10.0.0.10:1", (("::1", 53), ("10.0.0.10", 1))),
        ("[::1]:5353", (("::1", 5353),)),
    ],
)
def test_dns_servers_are_read(text: str, servers: tuple[tuple[str, int], ...]) -> None:
    """Addresses of both families, with a port or with DNS's own."""
    assert servers == parse_servers(text)


@pytest.mark.parametrize(
    "entry",
    [
        "dns.example",
        "10.0",
        "300.1.1.1",
        "10.0.0.10:",
        "10.0.0.10:0",
        "10.0.0.10:65536",
        "10.0.0.10:-1",
        "10.0.0.10: 53",
        "10.0.0.10:٣",
        "10.0.0.10\0",
        "::1]",
    ],
)
def test_what_is_no_dns_server_is_refused_by_name(entry: str) -> None:
    """Of several entries the bad one is named."""
    with pytest.raises(ValueError, match="expected ip or ip:port") as caught:
        parse_servers(f"10.0.0.11,{entry}")

    assert repr(entry) in str(caught.value)


@given(text=st.one_of(st.text(max_size=40), NEARLY))
def test_any_text_is_a_list_of_servers_or_a_value_error(text: str) -> None:
    """No other exception exists, and every port can be asked."""
    try:
        servers = parse_servers(text)
    except ValueError:
        return

    assert all(1 <= port <= 65535 for _address, port in servers)
