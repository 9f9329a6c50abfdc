"""A fault as something that can be done to a mesh, and undone."""

from collections.abc import Callable
from dataclasses import dataclass

from meshdoctor.lab.cluster.cluster import Cluster

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
    """

    code: str
    says: str
    hurt: Deed
    heal: Deed
    alert: str = ""
    silent: str = ""
    promised: bool = True
