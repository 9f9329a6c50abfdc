"""The network, made so: built, changed, healed, and taken down again."""

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from meshdoctor.lab.crew import Crew
from meshdoctor.lab.net import places, plumbing
from meshdoctor.lab.net.nameservers import NameServers
from meshdoctor.lab.net.rules import Rules, Written, write
from meshdoctor.lab.net.sandbox import require_inside
from meshdoctor.lab.net.scripts import nft, run_all
from meshdoctor.lab.net.seed import Seed, name_servers
from meshdoctor.lab.net.spaces import within
from meshdoctor.lab.processes import Process, Program

HOME = Path("/run/meshdoctor")
"""Files of the lab; in the sandbox's own /run, so they are gone with it."""

_PLACES, _DNS = HOME / "places", HOME / "dns"


class Network:
    """A network that is up.

    Attributes:
        topology: what it was built from.
        healthy: the rules that it came up with.
        dns: its name servers.
        lock: whoever has it is alone in changing anything here.
    """

    def __init__(self, plan: Seed, crew: Crew) -> None:
        self.topology = plan.topology
        self.healthy = plan.rules
        self._crew = crew
        self.dns = NameServers(name_servers(plan.topology), _DNS)
        self._written = Written({}, ())
        self._rules = plan.rules
        self._unready: frozenset[str] = frozenset()
        self.lock = threading.RLock()

    @classmethod
    @contextmanager
    def up(cls, plan: Seed, crew: Crew) -> Iterator[Self]:
        """Have the network for a while.

        Args:
            plan: what to build.
            crew: runs the name servers; all its processes are ended before the network goes.

        Raises:
            LabError: it cannot be built here; what was built is taken down again.
        """
        require_inside()
        network = cls(plan, crew)
        try:
            network._build()
            yield network
        finally:
            crew.end()
            run_all({"": plumbing.cut(plan.topology)})
            for folder in (_PLACES, _DNS):
                shutil.rmtree(folder, ignore_errors=True)

    def _build(self) -> None:
        places.furnish(self.topology, _PLACES)
        self.dns.furnish()
        written = self._rules_as_text(self.healthy)
        run_all({"": plumbing.cables(self.topology)})
        scripts = plumbing.inside(self.topology)
        run_all({at: text + nft(written.rulesets.get(at, "")) for at, text in scripts.items()})
        self.dns.tell(written.records)
        self._written = written
        servers = {pod.name: self.dns.program(pod) for pod in self.dns.pods}
        self.dns.started(self.start_all(servers))

    @property
    def rules(self) -> Rules:
        """What is in force now, with the Pods that are not ready."""
        with self.lock:
            return replace(self._rules, unready=self._rules.unready | self._unready)

    def apply(self, rules: Rules) -> None:
        """Make these the rules: on each node in one step, and nothing of the rules before stays.

        What `withdraw` took out of the Services stays out.
        """
        with self.lock:
            self._rules = rules
            self._enforce()

    def withdraw(self, unready: frozenset[str]) -> None:
        """Lead no Service to these Pods, and every Service to all others that it selects."""
        with self.lock:
            if unready != self._unready:
                self._unready = unready
                self._enforce()

    def _enforce(self) -> None:
        written, before = self._rules_as_text(self.rules), self._written
        sets = written.rulesets.items()
        run_all({at: nft(text) for at, text in sets if before.rulesets.get(at) != text})
        if written.records != before.records:
            self.dns.tell(written.records)
        self._written = written

    def heal(self) -> None:
        """Make the rules again what they were when the network came up; see `apply`."""
        self.apply(self.healthy)

    def _rules_as_text(self, rules: Rules) -> Written:
        return write(rules, self.topology, tuple(pod.name for pod in self.dns.pods))

    def start(self, place: str, program: Program) -> Process:
        """Start one program; as `start_all` does."""
        (process,) = self.start_all({place: program})
        return process

    def start_all(self, programs: Mapping[str, Program]) -> tuple[Process, ...]:
        """Start programs in Pods or on nodes, side by side, and wait until all are ready.

        Args:
            programs: by the name of the Pod or node. `ready`, if it names an address, is asked
                from the Pod's node, as a kubelet does.

        Raises:
            LabError: one ended, or was not ready in time.
        """
        processes = self.launch(programs)
        for place, process in zip(programs, processes, strict=True):
            self.wait_ready(place, process)
        return processes

    def launch(self, programs: Mapping[str, Program]) -> tuple[Process, ...]:
        """Start programs as `start_all` does, and wait for none."""
        placed = (self.placed(place, program) for place, program in programs.items())
        return self._crew.start(*placed)

    def placed(self, place: str, program: Program) -> Program:
        """Give the program that enters a Pod or a node first."""
        return replace(program, command=self.entering(place, program.command))

    def wait_ready(self, place: str, process: Process) -> None:
        """Wait until a program of a Pod or a node is ready, as seen from its node.

        Raises:
            LabError: it ended, or was not ready in time.
        """
        with within(self.node_of(place)):
            process.wait_ready()

    def account(self, place: str, files: Mapping[str, str]) -> None:
        """Give a Pod a service account: files where Kubernetes mounts them.

        Args:
            place: the name of the Pod; processes that start in it from now on see them.
            files: their text by name.
        """
        places.give_account(place, _PLACES, files)

    def entering(self, place: str, command: tuple[str, ...]) -> tuple[str, ...]:
        """Give the command that enters a Pod or a node and then becomes `command`."""
        return entering(place, command)

    def node_of(self, place: str) -> str:
        """Name the node of a Pod, or the node itself."""
        return {pod.name: pod.node for pod in self.topology.pods}.get(place, place)


def entering(place: str, command: tuple[str, ...]) -> tuple[str, ...]:
    """Give the command that enters a Pod or a node of the network that is up here."""
    return places.entering(place, _PLACES, command)
