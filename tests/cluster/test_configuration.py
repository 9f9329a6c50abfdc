"""kubeadm, Calico and the stack agree with each other and with what they are read by."""

from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

import pytest

from tests.cluster.cloud import Document, documents, stack_document, versions
from tests.cluster.v1beta4 import complaints

RESOURCES = stack_document()["Resources"]
FILLED = {
    "TOKEN": "abcdef.0123456789abcdef",
    "NODE": "worker-1",
    "ADDRESS": "10.0.0.10",
    "API": "10.0.0.10:6443",
    "CA_HASH": "sha256:" + 64 * "0",
    "KUBERNETES": versions()["KUBERNETES"],
}
INIT, CLUSTER, KUBELET = documents("kubeadm.yaml", **FILLED)
(JOIN,) = documents("kubeadm-join.yaml", **FILLED)
(CALICO,) = documents("calico.yaml")
POOL = CALICO["spec"]["calicoNetwork"]["ipPools"][0]


def test_no_range_overlaps_another() -> None:
    """VPC, Pods and Services have addresses of their own, and the subnet is the VPC's."""
    vpc, subnet = (RESOURCES[name]["Properties"]["CidrBlock"] for name in ("Vpc", "Subnet"))
    networking = CLUSTER["networking"]
    ranges = [
        IPv4Network(each) for each in (vpc, networking["podSubnet"], networking["serviceSubnet"])
    ]

    assert [] == [pair for pair in combinations(ranges, 2) if pair[0].overlaps(pair[1])]
    assert IPv4Network(subnet).subnet_of(IPv4Network(vpc))


def test_ranges_are_those_of_the_story() -> None:
    """Pods have one range in both files; DNS gets 10.96.0.10, the tenth address of Services."""
    assert "192.168.0.0/16" == CLUSTER["networking"]["podSubnet"] == POOL["cidr"]
    services = IPv4Network(CLUSTER["networking"]["serviceSubnet"])
    assert "10.96.0.10" == str(services[10])


@pytest.mark.parametrize("node", ["ControlPlane", "Worker1", "Worker2"])
def test_addresses_of_nodes_are_in_the_subnet(node: str) -> None:
    """Each node has and is told one address of the subnet, none that AWS keeps for itself."""
    properties = RESOURCES[node]["Properties"]
    subnet = IPv4Network(RESOURCES["Subnet"]["Properties"]["CidrBlock"])
    kept = {*list(subnet)[:4], subnet.broadcast_address}
    told = properties["UserData"]["Fn::Base64"]["Fn::Sub"][1]["Address"]

    assert IPv4Address(told) in subnet
    assert IPv4Address(told) not in kept
    assert told == properties["PrivateIpAddress"]


@pytest.mark.parametrize("document", [INIT, CLUSTER, JOIN], ids=lambda each: str(each["kind"]))
def test_kubeadm_knows_every_field(document: Document) -> None:
    """Each document is v1beta4 and has fields of v1beta4 only, of the right kind."""
    assert "kubeadm.k8s.io/v1beta4" == document["apiVersion"]
    assert [] == complaints(document)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"kind": "JoinConfiguration", "nodeRegistration": {"kubeletExtraArgs": {"v": "2"}}},
            ["JoinConfiguration.nodeRegistration.kubeletExtraArgs must be a list"],
        ),
        (
            {"kind": "ClusterConfiguration", "apiServer": {"timeoutForControlPlane": "4m"}},
            ["ClusterConfiguration.apiServer.timeoutForControlPlane is unknown"],
        ),
        (
            {"kind": "InitConfiguration", "localAPIEndpoint": {"bindPort": "6443"}},
            ["InitConfiguration.localAPIEndpoint.bindPort must be int"],
        ),
        (
            {"kind": "InitConfiguration", "nodeRegistration": {"kubeletExtraArgs": [{"v": "2"}]}},
            ["InitConfiguration.nodeRegistration.kubeletExtraArgs[0].v is unknown"],
        ),
        ({"kind": "ClusterStatus"}, ["ClusterStatus is no kind of v1beta4 that a node needs"]),
    ],
    ids=["v1beta3-args", "v1beta3-timeout", "text-port", "unnamed-arg", "v1beta2-kind"],
)
def test_the_check_of_fields_can_fail(document: Document, expected: list[str]) -> None:
    """What older versions allowed, and what is mistyped, is found and named."""
    assert expected == complaints(document)


def test_one_master_of_cgroups() -> None:
    """The kubelet leaves cgroups to systemd, as prepare.sh has containerd do."""
    assert "systemd" == KUBELET["cgroupDriver"]


def test_the_ticket_is_short_lived() -> None:
    """The one token ends after an hour, and joining nodes check the control plane's CA."""
    assert ["1h0m0s"] == [token["ttl"] for token in INIT["bootstrapTokens"]]
    assert [FILLED["CA_HASH"]] == JOIN["discovery"]["bootstrapToken"]["caCertHashes"]


def test_calico_is_told_its_encapsulation() -> None:
    """Nothing of the overlay is left to a default: VXLAN, no BGP, /26 blocks, NAT outwards."""
    assert ("operator.tigera.io/v1", "Installation", "default") == (
        CALICO["apiVersion"],
        CALICO["kind"],
        CALICO["metadata"]["name"],
    )
    network = CALICO["spec"]["calicoNetwork"]
    assert ["ipPools"] == [name for name, each in network.items() if isinstance(each, list)]
    assert "Disabled" == network["bgp"]
    assert 1500 - 50 == network["mtu"]
    assert {
        "name": "default-ipv4-ippool",
        "cidr": "192.168.0.0/16",
        "blockSize": 26,
        "encapsulation": "VXLAN",
        "natOutgoing": "Enabled",
        "nodeSelector": "all()",
    } == POOL


def test_versions_stand_in_one_place() -> None:
    """Kubernetes is 1.36 with containerd 2, as it needs; kubeadm's file has none of its own."""
    found = versions()

    assert {"KUBERNETES", "CONTAINERD", "CALICO"} == set(found)
    assert found["KUBERNETES"].startswith("1.36.")
    assert found["CONTAINERD"].startswith("2.")
    assert f"v{found['KUBERNETES']}" == CLUSTER["kubernetesVersion"]
