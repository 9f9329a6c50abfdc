"""A fault as something that can be done to a mesh, and undone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.net.seed import MANIFESTS

MUTUAL_TLS: Final = MANIFESTS.with_name("kubeadm-mtls.yaml")
"""The overlay in which the services show each other certificates."""

Deed = Callable[[Cluster], None]
"""Does something to a running cluster, and returns when it is done."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One fault: how it is done, undone, and who is told.

    Attributes:
        code: out of meshdoctor.faults; what the doctor has to say.
        says: what is done, in words.
        hurt: does it; the fault counts from the moment before.
        heal: undoes it; health counts from the moment after.
        alert: the page that has to come; "" when none may.
        silent: why no page comes; "" when one does.
        promised: whether no visitor may get HTTP 5xx meanwhile.
        manifests: the rendered overlay of the cluster that it is done to.
    """

    code: str
    says: str
    hurt: Deed
    heal: Deed
    alert: str = ""
    silent: str = ""
    promised: bool = True
    manifests: Path = MANIFESTS
