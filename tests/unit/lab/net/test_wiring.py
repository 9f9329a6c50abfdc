"""From topology to text: what `ip` and `bridge` are told, without any network."""

from dataclasses import replace

import pytest

from meshdoctor.lab.net import plumbing
from meshdoctor.lab.net.seed import seed
from meshdoctor.lab.net.topology import POD_NETWORK, Topology
from tests.support.manifests import RENDERED

PLAN = seed(RENDERED / "kubeadm.yaml")
TOPOLOGY = PLAN.topology


def test_every_pod_has_an_address_of_its_nodes_block_and_nobody_elses() -> None:
    """As Calico gives them out, and within the seed's Pod network; the tunnel's own is left out."""
    blocks = {node.name: node.block for node in TOPOLOGY.nodes}
    addresses = [pod.address for pod in TOPOLOGY.pods]
    assert len(addresses) == len(set(addresses))
    assert all(str(block[0]) not in addresses for block in blocks.values())
    assert all(block.subnet_of(POD_NETWORK) for block in blocks.values())
    for pod in TOPOLOGY.pods:
        assert pod.address in {str(each) for each in blocks[pod.node]}


def test_pods_are_those_of_the_manifests() -> None:
    """Labels, ports and resolver options come from the Deployments, not from the lab."""
    pod = TOPOLOGY.pod("recommendations-1")
    assert "recommendations" == pod.labels["app.kubernetes.io/name"]
    assert 50051 == pod.ports["grpc"]
    assert "ndots:2" in pod.options


@pytest.mark.parametrize(("mtu", "overlay"), [(1500, 1450), (9001, 8951)])
def test_the_overlay_leaves_room_for_its_own_headers(mtu: int, overlay: int) -> None:
    """Fifty bytes less on VXLAN and on both ends of each Pod's link; nothing less on the wire."""
    topology = replace(TOPOLOGY, mtu=mtu)
    cables, node = plumbing.cables(topology), plumbing.inside(topology)["worker-1"]
    assert f"link add eth0 netns coredns-1 mtu {overlay} " in cables
    assert f"netns control-plane mtu {overlay}" in cables
    assert f"peer name eth0 netns worker-1 mtu {mtu} " in cables
    assert f"mtu {overlay} gso_max_segs 1 type vxlan id 4096 local 10.0.0.11" in node


def test_a_node_knows_the_way_to_every_other_block() -> None:
    """Route, neighbour and forwarding entry: the overlay never has to ask."""
    lines = plumbing.inside(TOPOLOGY)["worker-1"].splitlines()
    other = TOPOLOGY.node("worker-2")
    assert "route add 192.168.12.0/26 via 192.168.12.0 dev vxlan.calico onlink" in lines
    assert f"neigh add 192.168.12.0 lladdr {other.hardware} dev vxlan.calico" in lines
    assert f"fdb add {other.hardware} dev vxlan.calico dst 10.0.0.12" in lines
    assert not any("192.168.11.0/26" in line for line in lines)


def test_names_of_links_fit_the_kernel() -> None:
    """Fifteen characters, and no two alike (IFNAMSIZ of net/if.h)."""
    links = [TOPOLOGY.link(pod) for pod in TOPOLOGY.pods]
    assert len(links) == len(set(links))
    assert all(len(name) <= 15 for name in (*links, *(node.name for node in TOPOLOGY.nodes)))


def test_everything_that_is_made_is_taken_back() -> None:
    """Each namespace, the switch and its links; a missing one stops nothing."""
    gone = plumbing.cut(TOPOLOGY)
    assert all(f"ip netns del {name} 2>/dev/null || true\n" in gone for name in TOPOLOGY.names)
    assert all(f"ip link del {name} 2>" in gone for name in ("switch", "worker-1", "worker-2"))


def test_every_namespace_has_a_script() -> None:
    """Nodes and Pods, and nothing else."""
    assert set(TOPOLOGY.names) == set(plumbing.inside(TOPOLOGY))
    assert {} == plumbing.inside(Topology((), ()))
