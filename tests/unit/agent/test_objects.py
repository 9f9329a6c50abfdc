"""Objects of the API, those of a real cluster and damaged ones."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from meshdoctor.agent.knowledge import Node, Place
from meshdoctor.agent.objects import ShapeError, addresses, cluster_ip, declared, node, places
from tests.support.damaged import DAMAGED_OBJECTS
from tests.support.small_cluster import pod, slices

CAPTURE = Path(__file__).parents[2] / "captures" / "healthy"


def captured(kind: str) -> list[dict[str, Any]]:
    """Give the objects of a kind in a real cluster."""
    found: list[dict[str, Any]] = json.loads((CAPTURE / f"{kind}.json").read_text())["items"]
    return found


def test_a_real_clusters_slices_say_who_is_where() -> None:
    """By the Service whose they are: not its neighbours in the same namespace."""
    found = places(captured("endpointslices"), "recommendations")

    assert {"rig-w1"} == {one.node for one in found}
    assert {50051} == {one.port for one in found}
    assert ["192.168.2.10", "192.168.2.11", "192.168.2.12"] == sorted(one.address for one in found)
    assert {53} == {one.port for one in places(captured("endpointslices"), "kube-dns")}


def test_a_real_clusters_pods_say_their_ports() -> None:
    """Those that declare one named `metrics` have a page; cluster DNS has another port for it."""
    pages = [declared(one).page for one in captured("pods")]

    assert {9464, 9153} >= {page.port for page in pages if page}


def test_whoever_is_leaving_is_not_asked() -> None:
    """During a rollout it refuses calls, and nothing is wrong."""
    found = slices("bookstore", "x", [("a", "10.1.0.1", "w1"), ("b", "10.1.0.2", "w1")], ("p", 1))
    found["endpoints"][0]["conditions"] = {"ready": False, "terminating": True}
    found["endpoints"][1]["conditions"] = {"ready": False}

    assert ["b"] == [one.pod for one in places([found], "x")]


def test_a_pod_with_two_addresses_is_asked_once() -> None:
    """A Service of both families has a slice for each."""
    four = slices("bookstore", "x", [("a", "10.1.0.1", "w1")], ("p", 1))
    six = slices("bookstore", "x", [("a", "fd00::1", "w1")], ("p", 1)) | {"addressType": "IPv6"}

    for both in ([four, six], [six, four]):
        assert (Place("bookstore", "a", "w1", "10.1.0.1", 1, "x"),) == places(both, "x")
    assert ("[fd00::1]:1",) == addresses([six], "x")


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ([{"name": "metrics", "port": 1}, {"name": "grpc", "port": 2}], 2),
        ([{"name": "metrics", "port": 1}, {"name": "web", "port": 2}], 2),
        ([{"name": "metrics", "port": 1}, {"name": "grpc-tls", "port": 2}], 2),
        ([{"name": None, "port": 3}], 3),
        ([{"port": None}], 0),
        (None, 0),
    ],
)
def test_the_port_that_serves_is_chosen(ports: object, expected: int) -> None:
    """Never that of the metrics page."""
    found = slices("bookstore", "x", [("a", "10.1.0.1", "w1")], ("p", 1)) | {"ports": ports}

    assert [expected] == [one.port for one in places([found], "x")]


@pytest.mark.parametrize(("address", "expected"), [("None", ""), ("", ""), ("10.96.0.10",) * 2])
def test_a_headless_service_has_no_address(address: str, expected: str) -> None:
    """Nor has one whose address is not given out yet."""
    assert expected == cluster_ip([{"spec": {"clusterIP": address}}])


def test_a_pod_that_does_not_run_has_no_page() -> None:
    """Nor one that is being deleted, nor one without an address."""
    found = pod("bookstore", "a", "10.1.0.1", "w1", {"metrics": 9464})
    assert declared(found).page is not None

    for change in (
        {"status": {"phase": "Pending", "podIP": "10.1.0.1"}},
        {"status": {"phase": "Running"}},
        {"metadata": found["metadata"] | {"deletionTimestamp": "now"}},
    ):
        assert declared(found | change).page is None


def test_a_node_without_an_address_is_left_out() -> None:
    """As long as its kubelet has not said it."""
    assert node({"metadata": {"name": "new"}, "status": {}}) is None
    assert Node("a", "10.0.0.9") == node(
        {
            "metadata": {"name": "a"},
            "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.9"}]},
        }
    )


@pytest.mark.parametrize("address", ["books.example", "10.0.0.256", "", 7, "127.0.0.1/8"])
@pytest.mark.parametrize("port", [9464, 0, -1, 65536, "80"])
def test_what_nobody_could_be_asked_at_is_damage(address: object, port: object) -> None:
    """Names would be looked up, by the very DNS that may be broken."""
    both = pod("bookstore", "a", "10.1.0.1", "w1", {"metrics": 9464})
    both["status"]["podIP"] = address
    both["spec"]["containers"][0]["ports"][0]["containerPort"] = port
    found = slices("bookstore", "x", [("a", "10.1.0.1", "w1")], ("p", 1))
    found["endpoints"][0]["addresses"] = [address]

    with pytest.raises(ShapeError):
        places([found], "x")
    if address:
        with pytest.raises(ShapeError):
            declared(both)


def test_a_slice_of_names_has_nobody_to_ask() -> None:
    """Its addressType is FQDN."""
    found = slices("bookstore", "x", [("a", "books.example", "w1")], ("p", 1))

    assert () == places([found | {"addressType": "FQDN"}], "x")


@given(DAMAGED_OBJECTS)
def test_damage_has_one_name(found: Any) -> None:  # noqa: ANN401 - anything at all
    """Whatever the API, or somebody in its place, gives for an object."""
    mine = {"metadata": {"labels": {"kubernetes.io/service-name": "x"}}}
    slice_ = {**found, **mine} if isinstance(found, dict) else found
    reads = (
        lambda: node(found),
        lambda: declared(found),
        lambda: cluster_ip([found]),
        lambda: places([found, slice_], "x"),
    )
    for read in reads:
        with suppress(ShapeError):
            read()
