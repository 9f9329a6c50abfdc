"""Every backend takes connections and answers nobody."""

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.faults.deeds import BACKENDS
from meshdoctor.lab.faults.scenario import Scenario


def _freeze(cluster: Cluster) -> None:
    for backend in cluster.pods(BACKENDS):
        backend.stop()


def _thaw(cluster: Cluster) -> None:
    for backend in cluster.pods(BACKENDS):
        backend.cont()


FAULT = Scenario(
    "app-hung",
    "all backends frozen",
    hurt=_freeze,
    heal=_thaw,
    alert="RecommendationsUnavailableRate",
)
