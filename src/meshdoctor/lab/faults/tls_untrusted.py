"""The backends come with a certificate of a CA that the shop does not know."""

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.faults.deeds import BACKENDS
from meshdoctor.lab.faults.scenario import MUTUAL_TLS, Scenario


def _estrange(cluster: Cluster) -> None:
    cluster.certificates.estrange(BACKENDS)
    for backend in cluster.pods(BACKENDS):
        backend.exchange(gently=False)  # a Pod that drains would serve on for a while


def _reconcile(cluster: Cluster) -> None:
    cluster.certificates.renew(BACKENDS)


FAULT = Scenario(
    "tls-untrusted",
    "all backends replaced by new ones whose Secret holds another CA's leaf",
    hurt=_estrange,
    heal=_reconcile,
    manifests=MUTUAL_TLS,
    alert="RecommendationsUnavailableRate",
)
