"""Every backend ends soon after each start."""

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.faults.deeds import BACKENDS, as_usual
from meshdoctor.lab.faults.scenario import Scenario

_NO_BOOKS = {"RECOMMENDATIONS_CATALOGUE": "/nowhere/books.json"}


def _break(cluster: Cluster) -> None:
    for backend in cluster.pods(BACKENDS):
        backend.exchange(_NO_BOOKS, gently=False)


FAULT = Scenario(
    "app-crash-loop",
    "backends that miss their catalogue and end at once",
    hurt=_break,
    heal=as_usual,
    alert="RecommendationsUnavailableRate",
)
