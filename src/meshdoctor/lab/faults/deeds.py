"""What several scenarios do."""

from collections.abc import Mapping
from typing import Final

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.faults.scenario import Deed

BACKENDS: Final = "recommendations"


def restart_with(env: Mapping[str, str]) -> Deed:
    """Make a deed that restarts all backends, with this beside their usual environment."""
    return lambda cluster: cluster.restart(BACKENDS, env)


def as_usual(cluster: Cluster) -> None:
    """Restart all backends as they are meant to be."""
    cluster.restart(BACKENDS)


def dns(behaviour: str) -> Deed:
    """Make a deed after which cluster DNS behaves so."""
    return lambda cluster: cluster.dns(behaviour)


heal_dns: Final = dns("answer")
