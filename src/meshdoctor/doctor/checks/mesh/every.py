"""All checks of what is known of a mesh: those of the API's objects first, then the agents'."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from meshdoctor.doctor.checks.cluster.every import CHECKS as CLUSTER
from meshdoctor.doctor.checks.mesh.address_answers import ADDRESS_ANSWERS
from meshdoctor.doctor.checks.mesh.agents_report import AGENTS_REPORT
from meshdoctor.doctor.checks.mesh.backend_answers import BACKEND_ANSWERS
from meshdoctor.doctor.checks.mesh.backend_listens import BACKEND_LISTENS
from meshdoctor.doctor.checks.mesh.calls_pass import CALLS_PASS
from meshdoctor.doctor.checks.mesh.certificates import CERTIFICATES_IN_DATE, PEERS_TRUSTED
from meshdoctor.doctor.checks.mesh.dns_answers import DNS_ANSWERS
from meshdoctor.doctor.checks.mesh.dns_reached import DNS_REACHED
from meshdoctor.doctor.checks.mesh.edges_well import CALLERS_WELL, EDGES_WELL, PAGES_READ
from meshdoctor.doctor.checks.mesh.handlers import ANSWERS_IN_TIME, ANSWERS_WELL, LOAD_TAKEN
from meshdoctor.doctor.checks.mesh.large_pass import LARGE_PASS
from meshdoctor.doctor.checks.mesh.lookups_pass import LOOKUPS_PASS
from meshdoctor.doctor.checks.mesh.nodes_reach import NODES_REACH
from meshdoctor.doctor.checks.mesh.pods_reach import PODS_REACH
from meshdoctor.doctor.checks.mesh.sights import Mesh
from meshdoctor.doctor.graph import Check, Subject
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.kubernetes.evidence import KubernetesEvidence


def _lifted(check: Check[KubernetesEvidence, Any]) -> Check[Mesh, Any]:
    """Let a check of the API's objects look at all evidence, so that others can rest on it."""

    def of_mesh(mesh: Mesh) -> Iterable[Subject[Any]]:
        return check.subjects(mesh.cluster) if mesh.cluster else ()

    def look(mesh: Mesh, thing: Any) -> Finding | Doubt | None:  # noqa: ANN401 - as the check has it
        return check.look(mesh.cluster, thing) if mesh.cluster else None

    return Check(check.name, check.sentence, of_mesh, look, check.reads, check.needs, check.faults)


CLUSTER_CHECKS: Final[tuple[Check[Mesh, Any], ...]] = tuple(map(_lifted, CLUSTER))
MESH_CHECKS: Final[tuple[Check[Mesh, Any], ...]] = (
    AGENTS_REPORT,
    NODES_REACH,
    PODS_REACH,
    LARGE_PASS,
    ADDRESS_ANSWERS,
    DNS_ANSWERS,
    DNS_REACHED,
    LOOKUPS_PASS,
    CALLS_PASS,
    CERTIFICATES_IN_DATE,
    PEERS_TRUSTED,
    BACKEND_LISTENS,
    BACKEND_ANSWERS,
    ANSWERS_IN_TIME,
    ANSWERS_WELL,
    LOAD_TAKEN,
    EDGES_WELL,
    CALLERS_WELL,
    PAGES_READ,
)
"""In an order in which each comes after those it needs."""

COUNTED: Final = {
    NODES_REACH.name: "pairs of nodes",
    PODS_REACH.name: "pairs of nodes",
    LARGE_PASS.name: "pairs of nodes",
    ADDRESS_ANSWERS.name: "nodes",
    DNS_ANSWERS.name: "name servers",
    DNS_REACHED.name: "name servers",
    CERTIFICATES_IN_DATE.name: "certificates",
    BACKEND_LISTENS.name: "backends",
    BACKEND_ANSWERS.name: "backends",
}
"""What a check looks at, in the plural, where the extent of a fault is worth telling."""


def every() -> Iterator[Check[Mesh, Any]]:
    """Give all of them."""
    yield from CLUSTER_CHECKS
    yield from MESH_CHECKS
