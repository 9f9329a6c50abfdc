"""The lab's whole cluster for tests that run inside its sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from meshdoctor.lab.cluster.building import Wishes
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.matrix.asked import ask_until
from meshdoctor.lab.net.sandbox import require_inside
from meshdoctor.lab.net.spaces import within
from tests.support.manifests import RENDERED

SETUP = RENDERED / "kubeadm.yaml"
BACKENDS = "recommendations.bookstore.svc.cluster.local."


@contextmanager
def cluster_up(wishes: Wishes) -> Iterator[Cluster]:
    """Have a cluster; outside of the sandbox the test is skipped and says where to run it."""
    try:
        require_inside()
    except LabError:
        pytest.skip("runs in the lab's sandbox: `./mesh lab -- check`")
    with Cluster.up(Interruption(), wishes) as up:
        yield up


def healthy(cluster: Cluster, seconds: float) -> bool:
    """Whether the doctor calls it so in time: what its agents saw as it came is behind them."""
    said = ask_until(cluster.diagnose, lambda one: one.healthy, seconds, cluster.interruption)
    return said[-1].healthy


def asked(place: str, server: str, name: str = BACKENDS) -> tuple[str, list[str]]:
    """Ask a name server from a Pod: its code, or that it is silent, and the addresses, sorted."""
    try:
        with within(place):
            answer = dns.query.udp(dns.message.make_query(name, "A"), server, timeout=2)
    except dns.exception.Timeout:
        return "silent", []
    addresses = sorted(str(one) for found in answer.answer for one in found)
    return dns.rcode.to_text(answer.rcode()), addresses


def ready_addresses(cluster: Cluster, service: str) -> list[str]:
    """The addresses that the API's EndpointSlices of a Service call ready, sorted."""
    slices: list[dict[str, Any]] = cluster.api.items("EndpointSlice", "bookstore")
    return sorted(
        address
        for one in slices
        if one["metadata"]["labels"]["kubernetes.io/service-name"] == service
        for end in one["endpoints"]
        if end["conditions"]["ready"]
        for address in end["addresses"]
    )
