"""The DNS stand-in as a process, asked by dnspython over real UDP and TCP."""

import select
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from meshdoctor.lab.crew import Crew
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.processes import Program
from tests.support.lab import free_port

pytestmark = pytest.mark.integration

NAME = "recommendations.bookstore.svc.cluster.local."
TRANSPORTS = (dns.query.udp, dns.query.tcp)
Transport = Callable[..., dns.message.Message]


@dataclass(frozen=True)
class Server:
    """A running DNS server, and the file that steers it."""

    port: int
    behaviour: Path

    def ask(
        self, transport: Transport, name: str = NAME, seconds: float = 2
    ) -> dns.message.Message:
        """Ask for the A records of a name."""
        query = dns.message.make_query(name, "A")
        return transport(query, "127.0.0.1", port=self.port, timeout=seconds)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The process, as the lab starts it."""
    folder = tmp_path_factory.mktemp("dns")
    server = Server(free_port(), folder / "behaviour")
    command = (
        *(sys.executable, "-m", "meshdoctor.lab.dnsserver"),
        *("--listen", f"127.0.0.1:{server.port}", "--record", f"{NAME}=127.0.0.11"),
        *("--behaviour-file", str(server.behaviour)),
    )
    with Crew.at_work(folder, Interruption()) as crew:
        (process,) = crew.start(Program("dns", command, ready=f"tcp://127.0.0.1:{server.port}"))
        process.wait_ready()
        yield server


@pytest.fixture(autouse=True)
def well_behaved(server: Server) -> None:
    """Each test begins with a server that answers."""
    server.behaviour.unlink(missing_ok=True)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_it_answers(server: Server, transport: Transport) -> None:
    """A known name has its address, over UDP and over TCP."""
    assert ["127.0.0.11"] == [each.address for each in server.ask(transport).answer[0]]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("word", ["servfail", "refused", "nxdomain"])
def test_it_fails_as_told_while_it_runs(server: Server, transport: Transport, word: str) -> None:
    """What the file says holds for the next query, and ends when the file is gone."""
    server.behaviour.write_text(f"{word}\n")
    assert dns.rcode.from_text(word) == server.ask(transport).rcode()

    server.behaviour.unlink()
    assert dns.rcode.NOERROR == server.ask(transport).rcode()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_silence_is_a_timeout_and_no_refusal(server: Server, transport: Transport) -> None:
    """A silent server takes the query and says nothing, as behind a dropped packet."""
    server.behaviour.write_text("silent")

    with pytest.raises(dns.exception.Timeout):
        server.ask(transport, seconds=0.3)


def test_a_slow_answer_delays_no_other(server: Server) -> None:
    """Slow answers come late but right, and a query that arrives meanwhile is not held up."""
    server.behaviour.write_text("slow:1.5")
    slow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    began = time.monotonic()
    with slow:
        slow.sendto(dns.message.make_query(NAME, "A").to_wire(), ("127.0.0.1", server.port))
        time.sleep(0.5)  # it has read the word for the first query by now
        server.behaviour.unlink()
        server.ask(dns.query.udp)
        overtaken, _, _ = select.select([slow], [], [], 0)
        slow.settimeout(5)
        late = dns.message.from_wire(slow.recv(512))

    assert [] == overtaken
    assert 1.5 <= time.monotonic() - began
    assert 1 == len(late.answer)


def test_a_broken_word_changes_nothing(server: Server) -> None:
    """A half-written file is told in the server's log; the server goes on."""
    server.behaviour.write_text("servf")

    assert dns.rcode.NOERROR == server.ask(dns.query.udp).rcode()


def test_noise_does_not_stop_it(server: Server) -> None:
    """Garbage over UDP and a half-sent query over TCP leave the server answering."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(b"\xff" * 40, ("127.0.0.1", server.port))
    with socket.create_connection(("127.0.0.1", server.port)) as tcp:
        tcp.sendall(b"\x10")

    assert dns.rcode.NOERROR == server.ask(dns.query.tcp).rcode()
