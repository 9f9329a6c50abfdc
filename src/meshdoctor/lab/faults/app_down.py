"""The backends run, and none listens where it is called: somebody changed a port."""

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.faults.deeds import BACKENDS, as_usual
from meshdoctor.lab.faults.scenario import Scenario

_ELSEWHERE = {"RECOMMENDATIONS_PORT": "50052"}


def _move(cluster: Cluster) -> None:
    for backend in cluster.pods(BACKENDS):
        backend.exchange(_ELSEWHERE, gently=False)


FAULT = Scenario(
    "app-down",
    "all backends replaced by new ones that listen on another port",
    hurt=_move,
    heal=as_usual,
    alert="RecommendationsUnavailableRate",
)
