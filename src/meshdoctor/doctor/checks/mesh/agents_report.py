"""Agents: does each node's tell what it sees?"""

from typing import Final

from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.sights import Mesh
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt
from meshdoctor.probes.mesh.files import NAMESPACE

_POD: Final = f"kubectl -n {NAMESPACE} get pods -o wide --field-selector spec.nodeName="


def _look(mesh: Mesh, node: str) -> Doubt | None:
    if node in mesh.reports or not (mesh.reports or mesh.stale):
        return None  # no agent anywhere is said once, and not of each node
    if node in mesh.stale:
        words = f"the agent of {node} has been silent for {mesh.stale[node]:.0f} s"
    else:
        words = f"no agent tells what {node} sees"
    return Doubt(
        f"{words}: whether its Pods reach others is not known",
        f"its report; how its Pod is: {_POD}{node}",
    )


AGENTS_REPORT: Final = Check(
    "agents.report", "every node's agent tells what it sees", subjects.known_nodes, _look
)
