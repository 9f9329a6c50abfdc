"""Processes in Pods and on nodes: started, seen, stopped, with files of their own."""

import sys
from pathlib import Path

import pytest

from meshdoctor.lab.net.network import Network
from meshdoctor.lab.processes import NotReady, Program
from tests.support.lab import alive, eventually

LOOK_UP = "import socket; print(sorted(socket.gethostbyname_ex('recommendations')[2]))"
SERVE = "import socket, time; s = socket.create_server(('', 8080)); time.sleep(60)"


def log_of(net: Network, place: str, *command: str, **env: str) -> list[str]:
    """What a command prints in a place."""
    process = net.start(place, Program("look", command, env=env, task=True))
    assert 0 == process.wait(20), process.tail()
    return process.log.read_text().splitlines()


def test_a_pods_resolver_is_cluster_dns(net: Network) -> None:
    """The short name, through the search list of its own namespace, by the C library's resolver."""
    pods = [pod.address for pod in net.topology.pods if pod.name.startswith("recommendations")]
    assert [str(sorted(pods))] == log_of(net, "marketplace-1", sys.executable, "-c", LOOK_UP)


def test_its_files_and_its_environment_are_its_own(net: Network) -> None:
    """And the machine's own files are what they were."""
    before = Path("/etc/hosts").read_text(), Path("/etc/resolv.conf").read_text()
    script = "cat /etc/hosts; hostname; echo $HOSTNAME $COLOUR"
    pod = net.topology.pod("mesh-agent-2")
    assert [
        "127.0.0.1 localhost",
        f"{pod.address} mesh-agent-2",
        "mesh-agent-2",
        "mesh-agent-2 blue",
    ] == log_of(net, pod.name, "sh", "-c", script, COLOUR="blue")
    assert before == (Path("/etc/hosts").read_text(), Path("/etc/resolv.conf").read_text())


def test_ready_is_asked_as_the_kubelet_asks(net: Network) -> None:
    """From the Pod's node, past every policy; what is started is alive, and gone when ended."""
    pod = net.topology.pod("recommendations-3")
    ready = f"tcp://{pod.address}:8080"
    process = net.start(pod.name, Program("serve", (sys.executable, "-c", SERVE), ready=ready))
    assert alive(process.pid)
    assert Path(f"/proc/{process.pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    process.end()
    assert eventually(lambda: not alive(process.pid))


def test_who_never_listens_is_not_ready(net: Network) -> None:
    """With the address, the time, and the end of the log."""
    program = Program(
        "mute", ("sleep", "60"), ready="tcp://192.168.11.3:8080", ready_seconds=0.5, stop_seconds=1
    )
    with pytest.raises(NotReady, match=r"mute did not answer at tcp://192\.168\.11\.3:8080"):
        net.start("mesh-agent-2", program)
