"""The lab's network for tests that run inside its sandbox."""

import asyncio
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshdoctor.lab.crew import Crew
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.net.edges import Ask, Edge, Kind
from meshdoctor.lab.net.network import Network
from meshdoctor.lab.net.probing import Outcome, try_all
from meshdoctor.lab.net.sandbox import require_inside
from meshdoctor.lab.net.seed import Seed, seed
from tests.support.manifests import RENDERED

SETUP = RENDERED / "kubeadm.yaml"


def plan(mtu: int = 1500) -> Seed:
    """The cluster as the committed manifests have it."""
    return seed(SETUP, mtu)


@contextmanager
def network(logs: Path, built: Seed | None = None) -> Iterator[Network]:
    """Have a network; outside of the sandbox the test is skipped and says where to run it."""
    try:
        require_inside()
    except LabError:
        pytest.skip("runs in the lab's sandbox: `./mesh lab -- check`")
    with (
        Crew.at_work(logs, Interruption()) as crew,
        Network.up(built or plan(), crew) as up,
    ):
        yield up


def tried(edges: Iterable[Edge], seconds: float = 1.0) -> tuple[Outcome, ...]:
    """Try edges; whoever is to answer listens already."""
    return asyncio.run(try_all(edges, seconds))


def edge(source: str, ask: Ask, address: str, port: int) -> Edge:
    """An edge that belongs to no matrix."""
    return Edge(source, f"{address}:{port}", Kind.OTHER_NODE, ask, address, port, ())


def said_in(space: str, *command: str) -> list[str]:
    """The lines that a command prints in a network namespace; "" is here."""
    entered = (*(("nsenter", f"--net=/run/netns/{space}") if space else ()), *command)
    done = subprocess.run(entered, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()
