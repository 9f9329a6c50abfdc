"""Where alerts and panels point: derived from names, typed by nobody."""

import re

from observability import knobs


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading: `DnsLookupSlow` is `dnslookupslow`."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def runbook(heading: str) -> str:
    """Return the address of the runbook's section under `heading`: a fault's code, a family."""
    return f"{knobs.RUNBOOK}#{anchor(heading)}"


def dashboard(uid: str) -> str:
    """Return the address of a dashboard, as Grafana and the local view both serve it."""
    return f"{knobs.GRAFANA}/d/{uid}"
