"""Would the nodes' security groups let pass what Calico wraps Pods' packets in?"""

from dataclasses import replace
from typing import Final

from meshdoctor.doctor.checks.security_group import Told, judge_groups
from meshdoctor.doctor.model import Verdict
from meshdoctor.probes.aws.evidence import GroupEvidence
from meshdoctor.probes.calico import Calico, Encapsulation

_WANTED: Final = {
    Encapsulation.VXLAN: "udp/{vxlan}",
    Encapsulation.VXLAN_CROSS_SUBNET: "udp/{vxlan} between subnets, bare Pod addresses in one",
    Encapsulation.IPIP: "IP protocol 4",
    Encapsulation.IPIP_CROSS_SUBNET: "IP protocol 4 between subnets, bare Pod addresses in one",
    Encapsulation.NONE: "bare Pod addresses, every protocol",
}

_GROUPS: Final = (
    "the nodes' security groups: --security-group FILE, of aws ec2 describe-security-groups"
)


def judge(calico: Calico | None, source: str, groups: GroupEvidence | None) -> Verdict:
    """Judge what nodes must send each other.

    Args:
        calico: what Calico is told; None when nobody knows.
        source: where that stands.
        groups: of the nodes; None when they were not given.
    """
    if groups is not None:
        told = replace(judge_groups(groups, Told(calico or Calico())), subject="encapsulation")
        return replace(told, seen=(*_seen(calico, source), *told.seen))
    pools = calico.pools if calico else ()
    wanted = " and ".join(
        dict.fromkeys(
            _WANTED[one.encapsulation].format(vxlan=calico.vxlan_port if calico else 0)
            for one in pools
        )
    )
    return Verdict(
        "encapsulation",
        f"Calico as {source} has it makes nodes send each other {wanted}; whether they may was not"
        " asked"
        if pools
        else "what Pods' packets travel in was not asked",
        seen=_seen(calico, source),
        limits=(_GROUPS,),
    )


def _seen(calico: Calico | None, source: str) -> tuple[str, ...]:
    if calico is None:
        return ()
    pools = (f"{one.encapsulation} for {one.cidr or 'Pods'}" for one in calico.pools)
    return (f"{source}: {', '.join(pools)}",)
