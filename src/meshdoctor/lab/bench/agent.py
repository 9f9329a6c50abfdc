"""What one agent costs in a cluster of a hundred nodes: `bench --agent`.

The agent is the real one, with an API, in a process of its own; the rest of the cluster is another
process, on loopback addresses. What it takes is what the kernel accounts to it (proc(5)).
"""

import json
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from meshdoctor.agent.knowledge import AGENT_PORT
from meshdoctor.lab.bench.crowd.layout import METRICS_PORT, NAME, Layout
from meshdoctor.lab.bench.meter import cpu_seconds
from meshdoctor.lab.crew import Crew
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.ports import Need, require_free
from meshdoctor.lab.processes import Process, Program
from meshdoctor.probes.mesh.files import NAMESPACE as AGENTS

CPU_SHARE: Final = 0.02
MEMORY_MIB: Final = 60.0

_API_PORT: Final = 6443
_WARM_UP_SECONDS: Final = 12.0  # two rounds, and what the API said
_READ_SECONDS: Final = 5.0
_OK: Final = "ok"


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """What to measure.

    Attributes:
        nodes: of the cluster.
        seconds: that are measured, after a warm-up.
        out: folder of the result.
    """

    nodes: int
    seconds: int
    out: Path


@dataclass(frozen=True, slots=True)
class Cost:
    """What an agent took.

    Attributes:
        nodes: of the cluster.
        seconds: that were measured.
        rounds: that it did in them.
        edges: that it tried in each.
        not_ok: answers of the last rounds that were not OK.
        cpu_share: of one core.
        cpu_ms: in a round.
        memory_mib: resident, the median over the seconds.
        peak_mib: resident, the highest since it began.
        report_bytes: of a report.
    """

    nodes: int
    seconds: int
    rounds: int
    edges: int
    not_ok: int
    cpu_share: float
    cpu_ms: float
    memory_mib: float
    peak_mib: float
    report_bytes: int

    @property
    def met(self) -> bool:
        """Whether it stayed within what is promised."""
        return self.cpu_share <= CPU_SHARE and self.peak_mib <= MEMORY_MIB


def run(plan: AgentPlan, interruption: Interruption) -> bool:
    """Measure, write `agent.json`, print a table; whether the promises were kept.

    Raises:
        LabError: something did not start, or the agent was not answered.
        Interrupted: the user wanted to stop; everything is ended.
    """
    layout = Layout(plan.nodes)
    require_free(
        Need(host, port, "no setting: these addresses are the bench's own")
        for host, port in (
            (layout.api, _API_PORT),
            (layout.agent(1), METRICS_PORT),
            (layout.agent_service, AGENT_PORT),
        )
    )
    account = plan.out / "account"
    account.mkdir(parents=True, exist_ok=True)
    with Crew.at_work(plan.out / "logs", interruption) as crew:
        (crowd,) = crew.start(_crowd(layout, account))
        crowd.wait_ready()
        (agent,) = crew.start(_agent(layout, account))
        agent.wait_ready()
        cost = _measured(layout, plan, agent, interruption)
    path = plan.out / "agent.json"
    path.write_text(json.dumps(asdict(cost), indent=2) + "\n", encoding="utf-8")
    _show(cost, path)
    return cost.met


def _crowd(layout: Layout, account: Path) -> Program:
    module = "meshdoctor.lab.bench.crowd"
    return Program(
        "crowd",
        (sys.executable, "-m", module, str(layout.nodes), str(_API_PORT), str(account)),
        ready=f"tcp://{layout.agent_service}:{AGENT_PORT}",
    )


def _agent(layout: Layout, account: Path) -> Program:
    return Program(
        "agent",
        (sys.executable, "-m", "meshdoctor", "agent"),
        {
            "NODE_NAME": "node-001",
            "POD_NAMESPACE": AGENTS,
            "MESH_AGENT_ANSWER_HOST": layout.agent(1),
            "MESH_AGENT_METRICS_HOST": layout.agent(1),
            # Nobody is there: what a cluster's own address does, two more name servers do.
            "MESH_AGENT_DNS_ADDRESS": layout.name_servers[0],
            "MESH_AGENT_DNS_NAME": NAME,
            "MESH_AGENT_ACCOUNT": str(account),
            "MESH_AGENT_MEMORY": str(account.parent / "memory.json"),
            "KUBERNETES_SERVICE_HOST": layout.api,
            "KUBERNETES_SERVICE_PORT": str(_API_PORT),
        },
        ready=f"http://{layout.agent(1)}:{METRICS_PORT}/healthz",
    )


def _measured(layout: Layout, plan: AgentPlan, agent: Process, interruption: Interruption) -> Cost:
    interruption.sleep(_WARM_UP_SECONDS)
    before, cpu = _report(layout), cpu_seconds(agent.pid)
    memory = []
    for _ in range(plan.seconds):
        interruption.sleep(1.0)
        agent.check()
        memory.append(_memory(agent.pid, "VmRSS"))
    used = cpu_seconds(agent.pid) - cpu
    after = _report(layout)
    rounds = int(after["round"]) - int(before["round"])
    unwell = list(_unwell(after))
    if unwell:
        raise LabError(f"the agent was not answered, its cost means nothing: {unwell[0]}")
    return Cost(
        plan.nodes,
        plan.seconds,
        rounds,
        len(after["sightings"]),
        sum(answer != _OK for one in _answered(after) for answer in one["answers"]),
        used / plan.seconds,
        1000 * used / max(rounds, 1),
        median(memory),
        _memory(agent.pid, "VmHWM"),
        len(json.dumps(after)),
    )


def _unwell(report: Mapping[str, Any]) -> Iterator[str]:
    """Give what the last round missed."""
    for one in _answered(report):
        edge = one["edge"]
        if one["answer"] != _OK:
            yield f"{edge['role']} {edge['ask']} {edge['address']}: {one['answer']} {one['words']}"
    for caller in report["callers"]:
        if caller["words"]:
            yield f"{caller['pod']}: {caller['words']}"
    yield from report["gaps"]
    if not report["callers"]:
        yield "no metrics page was read"


def _answered(report: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give all sightings but those of cluster DNS' own address, where nobody is."""
    for one in report["sightings"]:
        if (one["edge"]["role"], one["edge"]["ground"]) != ("dns", "cluster-ip"):
            yield one


def _report(layout: Layout) -> dict[str, Any]:
    url = f"http://{layout.agent(1)}:{METRICS_PORT}/report"
    with urllib.request.urlopen(url, timeout=_READ_SECONDS) as response:
        found: dict[str, Any] = json.load(response)
    return found


def _memory(pid: int, key: str) -> float:
    """Give the MiB that a process holds, or held at most (proc_pid_status(5))."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024


def _show(cost: Cost, where: Path) -> None:
    console = Console()
    table = Table(title=f"one agent among {cost.nodes} nodes, {cost.seconds} s")
    for heading in ("edges", "rounds", "CPU of a core", "CPU ms a round", "MiB", "peak MiB"):
        table.add_column(heading, justify="right")
    table.add_row(
        str(cost.edges),
        str(cost.rounds),
        f"{cost.cpu_share:.2%}",
        f"{cost.cpu_ms:.1f}",
        f"{cost.memory_mib:.1f}",
        f"{cost.peak_mib:.1f}",
    )
    console.print(table)
    console.print(
        f"{'met    ' if cost.met else 'NOT MET'} at most {CPU_SHARE:.0%} of a core and"
        f" {MEMORY_MIB:g} MiB; {cost.not_ok} answers were not OK; in {where}"
    )
