"""Lookups: do the services' own end as those of their node's agent do?"""

from typing import Final

from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.callers import lookups_lost, names_served
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh
from meshdoctor.doctor.checks.mesh.subjects import Voice
from meshdoctor.doctor.checks.mesh.words import finding
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Finding, Recipe
from meshdoctor.probes.mesh.evidence import Ask, Ground

CODE: Final = "network-policy-dns"
_CAUSE: Final = "dns-timeout"
_POLICY: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: dns, namespace: {namespace}}}
spec:
  podSelector: {{}}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector:
            matchLabels: {{kubernetes.io/metadata.name: kube-system}}
          podSelector:
            matchLabels: {{k8s-app: kube-dns}}
      ports:
        - {{port: 53, protocol: UDP}}
        - {{port: 53, protocol: TCP}}"""


def _look(mesh: Mesh, voice: Voice) -> Finding | None:
    lost = lookups_lost(mesh, voice.caller, _CAUSE)
    looks = names_served(mesh, voice) if lost else ()
    return _named(voice, lost, looks) if looks else None


def _named(voice: Voice, lost: int, looks: tuple[Look, ...]) -> Finding:
    namespace, all_of_them = voice.caller.namespace, sum((voice.caller.lookups or {}).values())
    witness = next(
        (
            one
            for one in looks
            if one.edge.ground is Ground.CLUSTER_IP and one.edge.ask is Ask.DNS_UDP
        ),
        looks[0],
    )
    return finding(
        CODE,
        voice,
        (f"{lost} of {all_of_them} lookups of Pod {voice.caller.pod} got no answer", witness),
        (
            "dns: every name server answers the agent of the same node",
            "network and routing: the same way and the same address serve the agent",
        ),
        f"kubectl -n {namespace} get networkpolicies; allow egress to kube-dns, port 53, UDP and"
        " TCP, as in the piece below",
        (Recipe("NetworkPolicy", _POLICY.format(namespace=namespace)),),
    )


LOOKUPS_PASS: Final = Check(
    "lookups.pass",
    "the services' own lookups pass where the agent's do",
    subjects.voices,
    _look,
    faults=(CODE,),
)
