"""The agent as a process: what it tells on its page and in its log, and how it ends."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import pytest

from meshdoctor.agent.knowledge import Knowledge, Node, Place
from meshdoctor.agent.page import AT_ONCE, LONGEST_SECONDS
from meshdoctor.lab.authority import Authority
from meshdoctor.probes.mesh.evidence import Answer, Ask, Role
from tests.support.agent_places import full, listening, silent
from tests.support.agent_process import SECONDS, AgentProcess, environment
from tests.support.mesh_dns import NAME, DnsServer
from tests.support.mesh_net import addresses, free_port, until

pytestmark = pytest.mark.integration

MIB = 60.0


def cluster(hosts: tuple[str, ...], port: int, node: int) -> Knowledge:
    """Know nodes and an agent on each, from one of them."""
    numbers = range(len(hosts))
    return Knowledge(
        f"n{node}",
        tuple(Node(f"n{number}", hosts[number]) for number in numbers),
        tuple(
            Place("meshdoctor", f"a{number}", f"n{number}", hosts[number], port, "mesh-agent")
            for number in numbers
        ),
        dns_address="",
    )


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[AgentProcess, AgentProcess]]:
    """Have two agents that know of each other."""
    hosts = addresses(2)
    port = free_port(*hosts)
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(AgentProcess(cluster(hosts, port, node), tmp_path, host, port))
            for node, host in enumerate(hosts)
        )
        yield first, second


def between(agent: AgentProcess) -> dict[Ask, Answer]:
    """Give what an agent says of its neighbour."""
    seen = agent.report().sightings
    return {one.edge.ask: one.answer for one in seen if one.edge.role is Role.AGENT}


def test_two_agents_see_each_other_come_and_go(pair: tuple[AgentProcess, AgentProcess]) -> None:
    """In the report, in the metrics, and with one line in the log for each change."""
    watching, going = pair
    until(lambda: set(between(watching).values()) == {Answer.OK}, SECONDS)
    well = 'node_probe_success{probe="tcp",source_node="n0",target_node="n1"} 1.0'
    assert well in watching.ask("/metrics").text

    going.process.send_signal(signal.SIGSTOP)
    until(lambda: between(watching)[Ask.DNS_UDP] is Answer.SILENT, SECONDS)
    # Its kernel still takes connections: that is what a process that hangs looks like.
    hung = {
        Ask.DNS_UDP: Answer.SILENT,
        Ask.TCP: Answer.OK,
        Ask.LARGE: Answer.NOT_SERVING,
    }
    assert hung == between(watching)
    until(lambda: "dns-udp" not in _well(watching), SECONDS)
    going.process.send_signal(signal.SIGCONT)
    until(lambda: set(between(watching).values()) == {Answer.OK}, SECONDS)

    expected = [("ok", "silent", "warning"), ("silent", "ok", "info")]
    until(lambda: expected == _told(watching, Ask.DNS_UDP)[-2:], SECONDS)


def _told(agent: AgentProcess, how: Ask) -> list[tuple[str, str, str]]:
    told = [line for line in agent.log() if line["event"] == "edge.changed" and line["ask"] == how]
    return [(line["was"], line["answer"], line["level"]) for line in told]


def _well(agent: AgentProcess) -> set[str]:
    lines = agent.ask("/metrics").text.splitlines()
    return {
        probe
        for line in lines
        for probe in ("dns-udp", "tcp", "large")
        if line.startswith("node_probe_success") and f'"{probe}"' in line and line.endswith("1.0")
    }


def test_the_page_shows_health_metrics_and_report(pair: tuple[AgentProcess, AgentProcess]) -> None:
    """And nothing else, by nothing but GET."""
    agent, _ = pair

    assert (HTTPStatus.OK, "ok\n") == (agent.ask("/healthz").status, agent.ask("/healthz").text)
    assert "n0" == json.loads(agent.ask("/report?now").text)["node"]
    assert agent.ask("/metrics", {"Accept": "application/openmetrics-text"}).text.endswith(
        "# EOF\n"
    )
    assert [HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED] == [
        agent.ask("/").status,
        agent.ask("/metrics", how="POST").status,
    ]


def test_visitors_who_dawdle_do_not_keep_others_out_for_long(
    pair: tuple[AgentProcess, AgentProcess],
) -> None:
    """All room taken by half a request each; after a few seconds there is room again."""
    agent, _ = pair
    with ExitStack() as closing:
        for number in range(2 * AT_ONCE):
            one = socket.create_connection((agent.host, agent.page_port))
            closing.enter_context(one)
            one.sendall((b"GET /metrics HTTP/1.1\r\nX: ", b"x" * 20_000, b"\0\r\n\r\n")[number % 3])
        begun = time.monotonic()
        until(lambda: _is_well(agent), LONGEST_SECONDS + SECONDS)
        assert time.monotonic() - begun < LONGEST_SECONDS + SECONDS


def _is_well(agent: AgentProcess) -> bool:
    try:
        return agent.ask("/healthz").status == HTTPStatus.OK
    except OSError:
        return False


def test_it_ends_within_two_seconds_whatever_it_waits_for(tmp_path: Path) -> None:
    """In the middle of a round in which nobody answers."""
    with full() as nobody:
        host, _, port = nobody.rpartition(":")
        (own,) = addresses(1)
        agent = Place("meshdoctor", "a1", "n1", host, int(port), "mesh-agent")
        nodes = (Node("n0", own), Node("n1", host))
        known = Knowledge("n0", nodes, (agent,), dns_address="")
        with AgentProcess(known, tmp_path, own, free_port(own), seconds=2.1) as process:
            until(lambda: process.report().round > 1, SECONDS)
            time.sleep(0.6)
            process.process.terminate()
            begun = time.monotonic()
            assert 0 == process.process.wait(SECONDS)
            assert time.monotonic() - begun < 2.0
        assert "agent.stopped" == process.log()[-1]["event"]


def test_it_ends_as_fast_while_the_api_holds_its_questions(tmp_path: Path) -> None:
    """A thread waits for an answer then, and nobody waits for the thread."""
    (own,) = addresses(1)
    port = free_port(own)
    (tmp_path / "token").write_text("a token", "utf-8")
    (tmp_path / "ca.crt").write_bytes(Authority().certificate)
    with listening(silent) as api, (tmp_path / "log").open("wb") as log:
        host, _, api_port = api.rpartition(":")
        agent = subprocess.Popen(
            (sys.executable, "-m", "meshdoctor.agent"),
            stdout=log,
            env=environment(
                NODE_NAME="n0",
                KUBERNETES_SERVICE_HOST=host,
                KUBERNETES_SERVICE_PORT=api_port,
                MESH_AGENT_ACCOUNT=str(tmp_path),
                MESH_AGENT_ANSWER_HOST=own,
                MESH_AGENT_ANSWER_PORT=str(port),
                MESH_AGENT_METRICS_PORT="0",
                MESH_AGENT_DNS_ADDRESS=own,
            ),
        )
        try:
            until(lambda: b"agent.running" in (tmp_path / "log").read_bytes(), SECONDS)
            time.sleep(0.5)
            agent.terminate()
            begun = time.monotonic()
            assert 0 == agent.wait(SECONDS)
            assert time.monotonic() - begun < 2.0
        finally:
            agent.kill()
            agent.wait()


def test_it_stays_within_its_memory_and_tells_what_it_saw(tmp_path: Path) -> None:
    """60 MiB with every kind of edge in use, some of which answer and some do not."""
    with DnsServer("127.0.0.1") as server:
        (own, other) = addresses(2)
        port = free_port(own, other)
        known = Knowledge(
            "n0",
            (Node("n0", own), Node("n1", other)),
            tuple(
                Place("meshdoctor", name, name, host, port, "mesh-agent")
                for name, host in (("n0", own), ("n1", other))
            ),
            (Place("kube-system", "dns", "n1", server.host, server.port, "kube-dns"),),
            (Place("bookstore", "books", "n1", other, 50051, "books", 50052),),
            (Place("bookstore", "shop", "n0", other, 9464, "shop"),),
            "",
            own,
            (f"{other}:443",),
            NAME,
        )
        with AgentProcess(known, tmp_path, own, port) as agent:
            until(lambda: agent.report().round > 5, SECONDS)
            report, memory = agent.report(), agent.memory()

    assert memory <= MIB
    assert Counter({Answer.OK: 4, Answer.REFUSED: 8}) == Counter(
        one.answer for one in report.sightings
    )
    assert ["shop"] == [caller.pod for caller in report.callers]
    assert 0.5 == report.interval


def run(*arguments: str, **variables: str) -> tuple[int, str]:
    """Run the agent to its end; give its exit code and what it said."""
    done = subprocess.run(
        (sys.executable, "-m", "meshdoctor", "agent", *arguments),
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stderr


def test_bad_settings_end_it_with_every_one_of_them_named() -> None:
    """With exit code 2, as the services do."""
    code, words = run(MESH_AGENT_METRICS_PORT="many")

    assert 2 == code
    for variable in ("NODE_NAME", "KUBERNETES_SERVICE_HOST", "MESH_AGENT_METRICS_PORT"):
        assert f"  {variable}: " in words


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), ("{", "is no knowledge"), ('{"node": 1}', "no knowledge: node")],
)
def test_a_file_that_is_no_knowledge_is_told(
    tmp_path: Path, content: str | None, words: str
) -> None:
    """By its name, and where it goes wrong."""
    file = tmp_path / "known.json"
    if content is not None:
        file.write_text(content, "utf-8")

    code, said = run("--knowledge", str(file))

    assert 2 == code
    assert str(file) in said
    assert words in said


def test_a_port_that_is_taken_is_told_with_its_setting(tmp_path: Path) -> None:
    """With exit code 1."""
    (host,) = addresses(1)
    file = tmp_path / "known.json"
    file.write_text('{"node": "n0"}', "utf-8")
    with socket.create_server((host, 0)) as taken:
        port = str(taken.getsockname()[1])
        code, words = run(
            "--knowledge",
            str(file),
            MESH_AGENT_ANSWER_HOST=host,
            MESH_AGENT_ANSWER_PORT=port,
            MESH_AGENT_METRICS_PORT="0",
        )

    assert 1 == code
    assert f"cannot listen on {host} port {port}" in words
    assert "MESH_AGENT_ANSWER_PORT" in words
