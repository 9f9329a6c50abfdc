"""What an agent learns of a Kubernetes API, by which rights, and what it does without one."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshdoctor.agent.api import Api
from meshdoctor.agent.discovery import Discovery
from meshdoctor.agent.edges import edges
from meshdoctor.agent.knowledge import Knowledge, Node, Place
from meshdoctor.agent.learning import Wanted
from meshdoctor.agent.memory import Memory
from meshdoctor.agent.rights import Right, rights
from meshdoctor.lab.kubeapi import KubeApi, kube_api
from tests.support import small_cluster
from tests.support.api_door import Door, door_to
from tests.support.damaged import DAMAGED_OBJECTS

pytestmark = pytest.mark.integration

NAME = "recommendations.bookstore.svc.cluster.local."
WANTED = Wanted("w1", "meshdoctor", "bookstore", NAME)
SLICES = "/apis/discovery.k8s.io/v1/namespaces/bookstore/endpointslices"


@pytest.fixture
def cluster() -> Iterator[KubeApi]:
    """An API with a small cluster in it."""
    with kube_api("meshdoctor", "bookstore") as api:
        small_cluster.fill(api)
        yield api


@pytest.fixture
def door(cluster: KubeApi, tmp_path: Path) -> Iterator[Door]:
    """A door that lets through what the agent's Role does, and no more."""
    with door_to(cluster.url, tmp_path) as found:
        found.manners.rights = rights()
        yield found


def discovery(door: Door, folder: Path, memory: Path | None = None) -> Discovery:
    """Begin to discover."""
    return Discovery(Api(door.address, folder / "account"), WANTED, Memory(memory))


def test_it_learns_everything_there_is_to_ask(door: Door, tmp_path: Path) -> None:
    """Nodes, agents, name servers, backends, pages of its own node, addresses, roads."""
    found = discovery(door, tmp_path)

    found.refresh()

    known = found.knowledge()
    assert () == tuple(found.gaps())
    assert abs(time.time() - known.learned) < 5
    assert (
        Knowledge(
            node="w1",
            nodes=tuple(Node(name, address) for name, address in small_cluster.NODES.items()),
            agents=(
                Place("meshdoctor", "agent-cp", "cp", "192.168.0.9", 9967, "mesh-agent"),
                Place("meshdoctor", "agent-w1", "w1", "192.168.1.9", 9967, "mesh-agent"),
                Place("meshdoctor", "agent-w2", "w2", "192.168.2.9", 9967, "mesh-agent"),
            ),
            name_servers=(Place("kube-system", "dns-a", "w1", "192.168.1.2", 53, "kube-dns"),),
            backends=(
                Place("bookstore", "rec-a", "w1", "192.168.1.5", 50051, "recommendations"),
                Place("bookstore", "rec-b", "w2", "192.168.2.5", 50051, "recommendations"),
            ),
            pages=(
                Place("bookstore", "rec-a", "w1", "192.168.1.5", 9464, "recommendations"),
                Place("bookstore", "shop-a", "w1", "192.168.1.4", 9464, "marketplace"),
            ),
            dns_address="10.96.0.10",
            agent_address="10.96.9.9",
            api=(door.address, "10.0.0.10:6443"),
            name=NAME,
            learned=known.learned,
        )
        == known
    )


def test_it_asks_for_what_is_documented_and_nothing_else(door: Door, tmp_path: Path) -> None:
    """Each right is needed, but those to write; none beside them is asked for."""
    found = discovery(door, tmp_path)

    found.refresh()
    found.refresh()

    reads = {one for one in rights() if one.resource != "configmaps"}
    assert reads == door.asked


@pytest.mark.parametrize(
    "missing", sorted(rights()), ids=lambda one: f"{one.namespace}-{one.resource}"
)
def test_a_right_that_is_missing_is_a_gap_and_no_more(
    door: Door, tmp_path: Path, missing: Right
) -> None:
    """All else is learned; what was known of the refused part stays."""
    found = discovery(door, tmp_path)
    found.refresh()
    before = found.knowledge()

    door.manners.rights = rights() - {missing}
    again = discovery(door, tmp_path)
    again.refresh()
    found.refresh()

    assert replace(before, learned=0) == replace(found.knowledge(), learned=0)
    if missing.resource == "configmaps":
        assert () == tuple(again.gaps())
        return
    assert 0 < len(again.gaps()) < 3
    assert all("is forbidden" in gap for gap in again.gaps())
    assert 0 == again.knowledge().learned


def test_without_the_api_it_goes_on_with_what_it_knows(door: Door, tmp_path: Path) -> None:
    """And says how old that is."""
    found = discovery(door, tmp_path)
    found.refresh()
    before = found.knowledge()

    door.shut()
    found.refresh()

    assert before == found.knowledge()
    (gap,) = found.gaps()
    assert f"the API is out of reach: {door.address} refuses" in gap
    assert gap.endswith("; what is known of the cluster is 0 s old")
    with door:
        found.refresh()
        assert () == tuple(found.gaps())


def test_a_new_process_remembers(door: Door, tmp_path: Path) -> None:
    """It begins with the API dead, and knows what the one before it knew, and from when."""
    memory = tmp_path / "memory.json"
    first = discovery(door, tmp_path, memory)
    first.refresh()
    door.shut()

    second = discovery(door, tmp_path, memory)
    assert first.knowledge() == second.knowledge()
    second.refresh()

    assert first.knowledge() == second.knowledge()
    assert "what is known of the cluster is" in second.gaps()[0]


def test_a_remembered_road_is_taken(cluster: KubeApi, tmp_path: Path) -> None:
    """The Service's address leads nowhere after a restart; the API's own is remembered."""
    with door_to(cluster.url, tmp_path, host="127.0.0.1") as door:
        host, port = door.address.split(":")
        cluster.put(
            small_cluster.slices(
                "default", "kubernetes", [("", host, "")], ("https", int(port)), "kubernetes"
            )
        )
        memory = tmp_path / "memory.json"
        discovery(door, tmp_path, memory).refresh()

        nowhere = Api("127.0.0.1:1", tmp_path / "account")
        found = Discovery(nowhere, WANTED, Memory(memory))
        found.refresh()

        assert () == tuple(found.gaps())
        assert ("127.0.0.1:1", door.address) == found.knowledge().api


def test_nothing_known_is_said(tmp_path: Path, door: Door) -> None:
    """The API was never there, and nothing is remembered."""
    door.shut()
    found = discovery(door, tmp_path, tmp_path / "memory.json")
    found.refresh()

    assert Knowledge("w1", api=(door.address,), name=NAME) == found.knowledge()
    assert "; nothing is known of the cluster" in found.gaps()[0]


def test_nodes_are_read_again_when_one_is_new(cluster: KubeApi, door: Door, tmp_path: Path) -> None:
    """Not at each visit: each node carries the names of all its images."""
    found = discovery(door, tmp_path)
    found.refresh()
    found.refresh()
    assert 1 == sum("/api/v1/nodes" in path for path in door.paths)

    cluster.put(small_cluster.node("w3", "10.0.0.13"))
    agents = [("agent-w3", "192.168.3.9", "w3")]
    cluster.put(
        small_cluster.slices("meshdoctor", "mesh-agent", agents, ("agent", 9967), "mesh-agent-x2")
    )
    found.refresh()

    assert Node("w3", "10.0.0.13") in found.knowledge().nodes
    assert ["cp", "w1", "w2", "w3"] == [one.node for one in found.knowledge().agents]


def test_health_has_a_port_of_its_own_where_a_pod_declares_one(
    cluster: KubeApi, door: Door, tmp_path: Path
) -> None:
    """With mutual TLS a stranger is not let in on the serving port. Pods are asked for once."""
    ports = {"grpc-tls": 50051, "health": 50052, "metrics": 9464}
    cluster.put(small_cluster.pod("bookstore", "rec-b", "192.168.2.5", "w2", ports))
    found = discovery(door, tmp_path)
    found.refresh()
    found.refresh()

    assert [0, 50052] == [one.health_port for one in found.knowledge().backends]
    assert 1 == sum("pods?limit=" in path for path in door.paths)


def test_long_lists_come_in_pages(door: Door, tmp_path: Path) -> None:
    """And a page that comes too late to go on from means to begin again, once."""
    said = []

    def instead(target: str) -> tuple[int, bytes] | None:
        if not target.startswith("/api/v1/nodes"):
            return None
        said.append(target)
        if len(said) == 2:
            return 410, b'{"message": "the continue token is too old"}'
        more = "" if "continue" in target else "further+on"
        name = "cp" if more else "w1"
        items = [small_cluster.node(name, "10.0.0.1")]
        return 200, json.dumps({"items": items, "metadata": {"continue": more}}).encode()

    door.manners.instead = instead
    found = discovery(door, tmp_path)
    found.refresh()

    first = "/api/v1/nodes?limit=25"
    further = f"{first}&continue=further%2Bon"
    assert ["cp", "w1"] == [one.name for one in found.knowledge().nodes]
    assert [first, further, first, further] == said


def test_a_list_without_end_ends(door: Door, tmp_path: Path) -> None:
    """Whoever answers for the API has pages for ever."""
    endless = json.dumps({"items": [], "metadata": {"continue": "x"}}).encode()
    door.manners.instead = lambda path: (200, endless) if "/nodes" in path else None
    found = discovery(door, tmp_path)
    found.refresh()

    assert ("the nodes could not be learned: a list of more than 400 pages",) == tuple(found.gaps())


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"items": [3], "metadata": {}}', b'{"items": [{"metadata": 3}], "metadata": {}}'],
)
def test_damaged_objects_are_a_gap(door: Door, tmp_path: Path, body: bytes) -> None:
    """What was known of them stays."""
    found = discovery(door, tmp_path)
    found.refresh()
    backends = found.knowledge().backends

    door.manners.instead = lambda path: (200, body) if path.startswith(SLICES) else None
    found.refresh()

    assert backends == found.knowledge().backends
    (gap,) = found.gaps()
    assert gap.startswith("who is behind bookstore/recommendations could not be learned: ")


def test_whatever_the_api_says_is_survived(door: Door, tmp_path: Path) -> None:
    """Lists of anything instead of objects: what comes of it can be kept, and asked in a round."""
    found = discovery(door, tmp_path, tmp_path / "memory.json")
    found.refresh()

    @settings(max_examples=60, deadline=None)
    @given(st.lists(DAMAGED_OBJECTS, max_size=3))
    def survived(items: list[object]) -> None:
        body = json.dumps({"items": items, "metadata": {}}).encode()
        door.manners.instead = lambda _: (200, body)
        found.refresh()
        known = found.knowledge()
        assert hash(known)
        assert known == (Memory(tmp_path / "memory.json").recall("w1") or known)
        assert len(edges(known)) < 200

    survived()


def test_a_memory_of_no_use_is_told(door: Door, tmp_path: Path) -> None:
    """A file cut short, or a folder that cannot be written to."""
    (tmp_path / "memory.json").write_text('{"node": "w1", "nodes": [')
    door.shut()
    found = discovery(door, tmp_path, tmp_path / "memory.json")

    unasked, useless = found.gaps()
    assert "the API has not answered yet; nothing is known of the cluster" == unasked
    assert useless.startswith("the memory is of no use: ")
    with door:
        missing = discovery(door, tmp_path, tmp_path / "missing" / "memory.json")
        missing.refresh()
        (gap,) = missing.gaps()
        assert gap.startswith("nothing is remembered: ")


def test_what_another_node_knew_is_not_recalled(door: Door, tmp_path: Path) -> None:
    """The folder may have moved along with a disk image."""
    memory = Memory(tmp_path / "memory.json")
    memory.keep(Knowledge("w2", nodes=(Node("w2", "10.0.0.12"),)))
    door.shut()

    assert () == discovery(door, tmp_path, tmp_path / "memory.json").knowledge().nodes
