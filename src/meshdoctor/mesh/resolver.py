"""A resolver of our own: it says in a second why a name has no address, and never sulks.

gRPC's resolver says nothing for 12-20 s when DNS is silent, then backs off for up to two minutes
after DNS has healed, and none of its options changes that (grpc/grpc#30462). So clients of this
package look names up themselves, and each failure has a cause of the vocabulary.
"""

import contextlib
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.message
import dns.nameserver
import dns.query
import dns.rcode
import dns.resolver

from meshdoctor.mesh.target import Target, is_address

_PORT: Final = 53
_RCODES: Final = {dns.rcode.SERVFAIL: "dns-servfail", dns.rcode.REFUSED: "dns-refused"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one lookup brought.

    Attributes:
        addresses: IP addresses, sorted; empty on failure.
        cause: a code of `faults.CAUSES`, None on success.
        seconds: how long it took.
    """

    addresses: tuple[str, ...]
    cause: str | None
    seconds: float


class Resolver:
    """Looks up A records, then AAAA where there are none.

    Args:
        servers: `(address, port)` of the DNS servers; those of resolv.conf when empty.
        seconds: how long one record type may take in all; dnspython's last pause adds 0.2 s.
    """

    def __init__(self, servers: Sequence[tuple[str, int]] = (), seconds: float = 1.0) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        if not servers:
            servers = [(str(server), _PORT) for server in self._resolver.nameservers]
        self._resolver.nameservers = [_Nameserver(address, port) for address, port in servers]
        self._resolver.lifetime = seconds
        # So that a second server, or a second try, fits into the lifetime.
        self._resolver.timeout = seconds / 2

    def lookup(self, name: str) -> Answer:
        """Resolve `name`, with the search list unless it ends with a dot; never raises."""
        start = time.perf_counter()
        cause: str | None = None
        for kind in ("A", "AAAA"):
            addresses, cause = self._records(name, kind)
            if cause != "dns-no-address":
                break
        return Answer(addresses, cause, time.perf_counter() - start)

    def _records(self, name: str, kind: str) -> tuple[tuple[str, ...], str | None]:
        try:
            answer = self._resolver.resolve(name, kind, search=True)
        except dns.resolver.NXDOMAIN:
            return (), "dns-nxdomain"
        except dns.resolver.NoAnswer:
            return (), "dns-no-address"
        except dns.resolver.NoNameservers as error:
            return (), _refusal(error)
        except (dns.exception.Timeout, OSError):
            return (), "dns-timeout"
        except dns.exception.DNSException:
            # A name that no DNS message can hold, for instance one with the search list behind it.
            return (), "dns-nxdomain"
        return tuple(sorted(str(record) for record in answer)), None


def parse_servers(text: str) -> tuple[tuple[str, int], ...]:
    """Read `ip`, `ip:port` or `[ipv6]:port`, comma separated.

    Raises:
        ValueError: naming the entry that is neither.
    """
    return tuple(_server(entry.strip()) for entry in text.split(",") if entry.strip())


def _server(entry: str) -> tuple[str, int]:
    try:
        target = Target(entry, _PORT) if is_address(entry) else Target.parse(entry)
    except ValueError:
        target = None
    if target is None or not target.is_address:
        raise ValueError(f"expected ip or ip:port of a DNS server, found {entry!r}")
    return target.host, target.port


def _refusal(error: dns.resolver.NoNameservers) -> str:
    problems = error.kwargs["errors"]
    for _server_text, _tcp, _port, _problem, response in problems:
        if response is not None and response.rcode() in _RCODES:
            return _RCODES[response.rcode()]
    # What is no error of the socket is nonsense over TCP, or another rcode: a server is there and
    # it is not well.
    unreachable = all(isinstance(problem, OSError) for _, _, _, problem, _ in problems)
    return "dns-refused" if unreachable else "dns-servfail"


class _Nameserver(dns.nameserver.Do53Nameserver):
    """Asks over a connected UDP socket, so that "nobody listens" is heard as such.

    dnspython's own socket is not connected: the kernel then keeps ICMP errors to itself and a dead
    server looks like a silent one.
    """

    def query(
        self,
        request: dns.message.QueryMessage,
        timeout: float,
        source: str | None,
        source_port: int,
        max_size: bool = False,  # noqa: FBT001, FBT002 - dnspython's signature
        one_rr_per_rrset: bool = False,  # noqa: FBT001, FBT002 - dnspython's signature
        ignore_trailing: bool = False,  # noqa: FBT001, FBT002 - dnspython's signature
    ) -> dns.message.Message:
        if max_size:  # dnspython asks for TCP, after a truncated answer
            return super().query(
                request,
                timeout,
                source,
                source_port,
                max_size,
                one_rr_per_rrset,
                ignore_trailing,
            )
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with contextlib.closing(socket.socket(family, socket.SOCK_DGRAM)) as connected:
            connected.connect((self.address, self.port))
            connected.setblocking(False)  # noqa: FBT003 - the standard library's signature
            return dns.query.udp(
                request,
                self.address,
                timeout=timeout,
                port=self.port,
                raise_on_truncation=True,
                # A forged packet must not end the wait for the true answer (CVE-2023-29483).
                ignore_errors=True,
                sock=connected,
            )
