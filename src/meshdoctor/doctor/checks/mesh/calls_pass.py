"""Calls: do the services' own reach the backends that their node's agent reaches?"""

from typing import Final

from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.callers import backends_reached, shared, telling
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh
from meshdoctor.doctor.checks.mesh.subjects import Voice
from meshdoctor.doctor.checks.mesh.words import finding
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Finding, Recipe
from meshdoctor.probes.mesh.evidence import Ask

CODE: Final = "network-policy-app"
_CAUSE: Final = "connect-timeout"
_POLICY: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: backends, namespace: {namespace}}}
spec:
  podSelector:
    matchLabels: {{app.kubernetes.io/name: BACKEND}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchLabels: {{app.kubernetes.io/name: {service}}}
      ports:
        - {{port: {port}, protocol: TCP}}"""


def _look(mesh: Mesh, voice: Voice) -> Finding | None:
    lost = telling(voice.caller, _CAUSE)
    looks = backends_reached(mesh, voice, Ask.TCP) if lost else ()
    return _named(voice, lost, looks) if looks else None


def _named(voice: Voice, lost: int, looks: tuple[Look, ...]) -> Finding:
    caller = voice.caller
    port = looks[0].edge.address.rpartition(":")[2]
    policy = _POLICY.format(namespace=caller.namespace, service=caller.service, port=port)
    return finding(
        CODE,
        voice,
        (
            shared(voice, lost, "met silence"),
            looks[0],
        ),
        (
            "network and routing: the agent of the same node reaches all backends",
            "app: each of them takes the agent's connections",
        ),
        f"kubectl -n {caller.namespace} get networkpolicies; allow {caller.service} to reach port"
        f" {port}, on the way out and on the way in, as in the piece below",
        (Recipe("NetworkPolicy", policy),),
    )


CALLS_PASS: Final = Check(
    "calls.pass",
    "the services' own calls reach the backends that the agent reaches",
    subjects.voices,
    _look,
    faults=(CODE,),
)
