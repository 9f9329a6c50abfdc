"""No backend is left."""

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.faults.deeds import BACKENDS, as_usual
from meshdoctor.lab.faults.scenario import Scenario


def _kill(cluster: Cluster) -> None:
    for backend in cluster.pods(BACKENDS):
        backend.kill()


FAULT = Scenario(
    "app-down",
    "all backends killed, and none started again",
    hurt=_kill,
    heal=as_usual,
    alert="RecommendationsUnavailableRate",
)
