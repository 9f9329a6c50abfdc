"""The backends' certificate is past its date: nobody has renewed it."""

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.faults.deeds import BACKENDS
from meshdoctor.lab.faults.scenario import MUTUAL_TLS, Scenario


def _expire(cluster: Cluster) -> None:
    cluster.certificates.expire(BACKENDS)


def _renew(cluster: Cluster) -> None:
    cluster.certificates.renew(BACKENDS)


FAULT = Scenario(
    "tls-expired",
    "the backends' Secret holds a leaf that ended a minute ago; connections that are there stay",
    hurt=_expire,
    heal=_renew,
    manifests=MUTUAL_TLS,
    alert="TlsCertExpired",
)
