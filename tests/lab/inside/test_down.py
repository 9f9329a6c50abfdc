"""Taken down, the network leaves the sandbox as it was; also when it never came up."""

from dataclasses import replace
from pathlib import Path

import pytest

from meshdoctor.lab.errors import LabError
from tests.support.cluster_net import network, plan, said_in
from tests.support.lab import eventually


def links() -> list[str]:
    """The network devices that are left here, and the addresses of loopback."""
    return [
        *(line.split()[1].strip(":") for line in said_in("", "ip", "-o", "link")),
        *(line.split()[3] for line in said_in("", "ip", "-o", "-4", "addr")),
    ]


def spaces() -> list[str]:
    """The network namespaces that have a name."""
    return sorted(path.name for path in Path("/run/netns").glob("*"))


def test_nothing_is_left_after_a_normal_end(tmp_path: Path) -> None:
    """No namespace, no device, no address; and it can be built again at once."""
    for _ in range(2):
        with network(tmp_path / "logs") as net:
            assert sorted(net.topology.names) == spaces()
        assert [] == spaces()
        assert eventually(lambda: ["lo", "127.0.0.1/8"] == links())


def test_nothing_is_left_of_a_network_that_failed_half_way(tmp_path: Path) -> None:
    """The reason is one line; whatever stood already is taken down."""
    broken = plan()
    node = replace(broken.topology.nodes[2], address="10.0.0.999")
    nodes = (*broken.topology.nodes[:2], node)
    with (
        pytest.raises(LabError, match="cannot set up the network of"),
        network(tmp_path / "logs", replace(broken, topology=replace(broken.topology, nodes=nodes))),
    ):
        pass
    assert [] == spaces()
    assert eventually(lambda: ["lo", "127.0.0.1/8"] == links())
