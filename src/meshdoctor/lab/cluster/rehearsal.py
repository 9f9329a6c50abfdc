"""One fault from beginning to end: hurt, named, paged, healed, with a line for each step."""

import subprocess
import sys
import time
from collections.abc import Callable

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.faults.scenario import Scenario
from meshdoctor.lab.matrix.asked import ask_until
from meshdoctor.lab.matrix.ringing import rung
from meshdoctor.lab.matrix.visitors import live_after
from meshdoctor.lab.net.network import HOME

_SETTLED_WITHIN = 60.0
_NAMED_WITHIN = 30.0
_PAGED_WITHIN = 90.0
_LIVE_WITHIN = 30.0
_POLL_SECONDS = 0.25

Tell = Callable[[str], None]


def rehearse(cluster: Cluster, scenario: Scenario, tell: Tell, *, paged: bool) -> bool:
    """Do it, and undo it whatever comes of it.

    Args:
        cluster: that is up and healthy.
        scenario: what is done.
        tell: called with each step.
        paged: whether to wait for the page.

    Returns:
        Whether the doctor named this fault and no other.

    Raises:
        LabError: a part of the cluster died that nobody hurt.
        Interrupted: the user wants to stop.
    """
    _settle(cluster, tell)
    began = time.time()
    tell(f"{scenario.code}: {scenario.says}")
    try:
        scenario.hurt(cluster)
        right = _named(cluster, scenario, tell)
        if paged:
            _wait_for_page(cluster, scenario, began, tell)
    finally:
        scenario.heal(cluster)
    tell("healed")
    live = live_after(cluster.url, _LIVE_WITHIN, cluster.interruption)
    tell(f"the page is live after {live:.1f} s" if live is not None else "the page is not live")
    return right


def _settle(cluster: Cluster, tell: Tell) -> None:
    """Wait until the doctor finds nothing: whatever it names then is the fault's doing."""
    said = ask_until(
        cluster.diagnose, lambda one: one.healthy, _SETTLED_WITHIN, cluster.interruption
    )
    if not said[-1].healthy:
        found = ", ".join(said[-1].names) or "that it cannot tell"
        raise LabError(f"nobody hurt the mesh yet, and the doctor says {found}")
    tell("the doctor finds nothing")


def _named(cluster: Cluster, scenario: Scenario, tell: Tell) -> bool:
    """Ask the doctor until it names something, and show what it says."""
    bundle, began = HOME / "bundle.json", time.time()
    said = ask_until(
        lambda: cluster.diagnose("--save", str(bundle)),
        lambda one: bool(one.names),
        *(_NAMED_WITHIN, cluster.interruption),
    )
    tell(f"the page meanwhile: {_page(cluster)}")
    tell(f"the doctor after {said[-1].at - began:.1f} s:")
    command = (sys.executable, "-m", "meshdoctor", "diagnose", "--from", str(bundle))
    subprocess.run(command, check=False)
    return said[-1].names == (scenario.code,)


def _page(cluster: Cluster) -> str:
    try:
        page = cluster.visit()
    except OSError as error:
        return f"nobody answers at {cluster.url}: {error}"
    return f"HTTP {page.status}, {page.freshness}"


def _wait_for_page(cluster: Cluster, scenario: Scenario, began: float, tell: Tell) -> None:
    if not scenario.alert:
        tell(f"no page is to come: {scenario.silent}")
        return
    until = time.time() + _PAGED_WITHIN
    while time.time() < until:
        cluster.check()
        pages = rung(cluster.pager.notifications, began)
        if pages.count:
            tell(f"paged after {pages.after:.0f} s: {pages.alert}")
            return
        cluster.interruption.sleep(_POLL_SECONDS)
    tell(f"no page came within {_PAGED_WITHIN:g} s")
