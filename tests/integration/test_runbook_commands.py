"""The small programs that the runbook has the shop's Pod run print what it says they print."""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dns.name
import pytest

from meshdoctor.lab.dnsanswers import Behaviour, Responder
from meshdoctor.lab.dnsserver import TcpServer, UdpServer
from tests.support.mesh_net import addresses, free_port
from tests.support.runbook import RUNBOOK, programs, sections, tables

NAME = dns.name.from_text("recommendations.bookstore.svc.cluster.local.")
PROGRAMS = {
    words[-2] if len(words) > words.index("-c") + 2 else words[-1]
    for section in sections()
    for part in ("Confirm", "Worked")
    for command in section.commands(part)
    for words in programs(command)
    if "exec" in words
}
PRINTED = {
    row[0].strip("`") for row in tables(RUNBOOK.read_text("utf-8").partition("\n## By cause\n")[0])
}


def the_program(word: str) -> str:
    """Return the one program of the runbook in which a word stands."""
    (program,) = (program for program in PROGRAMS if word in program)
    return program


def printed(program: str, *hosts: str) -> list[str]:
    """Run a program as the Pod would, with addresses separated by spaces."""
    command = [sys.executable, "-c", program, " ".join(hosts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.splitlines()


def test_each_of_them_is_the_same_wherever_it_stands() -> None:
    """There are four, so who has read one section knows them all."""
    assert 4 == len(PROGRAMS)


@pytest.mark.integration
def test_ports_print_what_the_table_says() -> None:
    """0 where somebody listens, 111 where nobody does, 11 where packets get no answer."""
    listening, closed, silent = hosts = addresses(3)
    port = free_port(*hosts)
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server((listening, port)))
        full = stack.enter_context(socket.create_server((silent, port), backlog=0))
        # Its queue is full and nobody takes from it: the kernel drops the next packet.
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the standard library's signature
            waiting.connect_ex(full.getsockname())
        program = the_program("connect_ex").replace("50051", str(server.getsockname()[1]))

        told = printed(program, *hosts)

    assert [f"{listening} 0", f"{closed} 111", f"{silent} 11"] == told
    assert {"192.168.1.2 0", "192.168.1.2 111", "192.168.1.2 11"} <= PRINTED


@contextmanager
def dns_server(host: str, port: int, behaviour: str) -> Iterator[None]:
    """Run a DNS server that behaves so, over UDP and TCP."""
    records = {NAME: ("127.0.0.11", "127.0.0.12", "127.0.0.13")}
    respond = Responder(records, lambda: Behaviour(behaviour)).respond
    with UdpServer((host, port), respond) as udp, TcpServer((host, port), respond) as tcp:
        threads = [threading.Thread(target=each.serve_forever) for each in (udp, tcp)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            udp.shutdown()
            tcp.shutdown()
            for thread in threads:
                thread.join()


def asked(host: str, port: int) -> list[str]:
    """Run the program that asks DNS servers, and shorten the server's address."""
    program = re.sub(r"timeout=2", f"timeout=1, port={port}", the_program("dns.query"))
    return [line.replace(host, "10.96.0.10") for line in printed(program, host)]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        ("answer", "NOERROR 3"),
        ("nxdomain", "NXDOMAIN 0"),
        ("servfail", "SERVFAIL 0"),
        ("refused", "REFUSED 0"),
        ("silent", "Timeout('The DNS operation timed out.')"),
    ],
)
def test_lookups_print_what_the_table_says(behaviour: str, told: str) -> None:
    """The answer's code and its number of addresses, over UDP and TCP; or that there was none."""
    (host,) = addresses(1)
    port = free_port(host)
    with dns_server(host, port, behaviour):
        assert [f"10.96.0.10 udp {told}", f"10.96.0.10 tcp {told}"] == asked(host, port)
    if behaviour in {"answer", "nxdomain", "silent"}:
        assert f"10.96.0.10 udp {told}" in PRINTED


@pytest.mark.integration
def test_a_dns_server_that_is_not_there_prints_what_the_table_says() -> None:
    """Silence over UDP, a refusal over TCP."""
    (host,) = addresses(1)
    silence, refusal = asked(host, free_port(host))

    assert "10.96.0.10 udp Timeout('The DNS operation timed out.')" == silence
    assert "10.96.0.10 tcp ConnectionRefusedError(111, 'Connection refused')" == refusal
    assert {silence, refusal} <= PRINTED
