"""Security groups and instances as the AWS command line writes them, for tests."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from meshdoctor.doctor.checks.security_group import Told, judge_groups
from meshdoctor.doctor.model import Verdict
from meshdoctor.probes.aws.documents import Documents, read_answer
from meshdoctor.probes.aws.evidence import GroupEvidence
from meshdoctor.probes.calico import Calico, Encapsulation, Pool

Document = dict[str, Any]
NODES = "sg-0nodes"
CONTROL = "sg-0control"
SUBNET = "10.0.0.0/24"
PODS = "192.168.0.0/16"
EVERYWHERE = "0.0.0.0/0"


def rule(protocol: str, peer: str, first: int = -1, last: int | None = None) -> Document:
    """Return an IpPermission: a peer is a group, a prefix list or a range of addresses."""
    permission: Document = {"IpProtocol": protocol, "IpRanges": [], "UserIdGroupPairs": []}
    permission |= {"Ipv6Ranges": [], "PrefixListIds": []}
    if protocol != "-1":
        permission |= {"FromPort": first, "ToPort": first if last is None else last}
    if peer.startswith("sg-"):
        permission["UserIdGroupPairs"] = [{"GroupId": peer, "UserId": "111122223333"}]
    elif peer.startswith("pl-"):
        permission["PrefixListIds"] = [{"PrefixListId": peer}]
    elif ":" in peer:
        permission["Ipv6Ranges"] = [{"CidrIpv6": peer}]
    else:
        permission["IpRanges"] = [{"CidrIp": peer, "Description": "a range"}]
    return permission


SELF = rule("-1", NODES)
OUT = rule("-1", EVERYWHERE)
STORY = (
    rule("tcp", "203.0.113.7/32", 22),
    rule("tcp", "10.0.0.0/16", 6443),
    rule("tcp", EVERYWHERE, 30000, 32767),
    rule("udp", "203.0.113.7/32", 4789),
)
"""What the group of the story allowed: none of it from the nodes themselves."""


def group(id_: str, ingress: Iterable[Document], egress: Iterable[Document] = (OUT,)) -> Document:
    """Return a group as `describe-security-groups` lists it."""
    return {
        "GroupId": id_,
        "GroupName": "nodes",
        "VpcId": "vpc-0",
        "IpPermissions": list(ingress),
        "IpPermissionsEgress": list(egress),
    }


def groups(*told: Document) -> Document:
    """Return the answer of `describe-security-groups`."""
    return {"SecurityGroups": list(told)}


def instance(
    id_: str, address: str, *ids: str, checked: bool = True, subnet: str = "subnet-0"
) -> Document:
    """Return an instance as `describe-instances` lists it."""
    interface = {
        "Attachment": {"DeviceIndex": 0},
        "Groups": [{"GroupId": one, "GroupName": "x"} for one in ids],
        "PrivateIpAddress": address,
        "SourceDestCheck": checked,
        "SubnetId": subnet,
        "Ipv6Addresses": [],
    }
    return {"InstanceId": id_, "State": {"Name": "running"}, "NetworkInterfaces": [interface]}


def instances(*told: Document) -> Document:
    """Return the answer of `describe-instances`."""
    return {"Reservations": [{"Instances": [one]} for one in told]}


@dataclass(frozen=True, slots=True)
class Case:
    """A cluster to be judged.

    Attributes:
        asked: the groups of each kind of node.
        control: the group of the control plane.
        node_cidr: where the nodes are; "" when nobody said.
        calico: what is known of Calico.
        control_planes: how many there are.
    """

    asked: tuple[tuple[str, ...], ...] = ((NODES,),)
    control: tuple[str, ...] = ()
    node_cidr: str = SUBNET
    calico: Calico = Calico((Pool(Encapsulation.VXLAN, PODS),), bgp=False, typha=True)  # noqa: RUF009 # frozen
    control_planes: int = 1

    def judge(self, *answers: Document) -> Verdict:
        """Judge what EC2 answers."""
        documents = Documents()
        for number, answer in enumerate(answers):
            documents += read_answer(json.loads(json.dumps(answer)), f"answer {number}")
        evidence = GroupEvidence(self.asked, self.control, documents.groups, documents.nodes)
        networks = (ip_network(self.node_cidr),) if self.node_cidr else ()
        return judge_groups(evidence, Told(self.calico, networks, self.control_planes))


def calico_of(kind: Encapsulation | str, **more: Any) -> Calico:  # noqa: ANN401 # its fields
    """Return what is known when the encapsulation is."""
    return Calico((Pool(Encapsulation(kind), PODS),), **more)
