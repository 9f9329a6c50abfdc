"""All rules, in the order and at the pace of their evaluation."""

from types import MappingProxyType
from typing import Final

from observability import (
    burn,
    causes,
    certificates,
    cluster,
    edges,
    knobs,
    nodes,
    slos,
    watch,
)
from observability.model import Alert, Group

GROUPS: Final = (
    # One group: its rules are evaluated one after the other at the same instant, so that what
    # explains and what is explained reach Alertmanager together.
    Group(
        "mesh-causes",
        knobs.EVALUATE_SECONDS,
        (
            *nodes.rules(),
            *edges.rules(),
            *certificates.alerts(),
            *causes.rules(),
            *cluster.alerts(),
            *watch.recent(),
            watch.watchdog(),
        ),
    ),
    Group(
        "mesh-warnings",
        knobs.EVALUATE_OBJECTIVES_SECONDS,
        (*causes.tickets(), *nodes.tickets(), *certificates.tickets(), *watch.alerts()),
    ),
    Group(
        "mesh-objectives",
        knobs.EVALUATE_OBJECTIVES_SECONDS,
        (*slos.records(), *burn.alerts()),
    ),
)
"""Every rule there is."""

ALERTS: Final = tuple(rule for group in GROUPS for rule in group.rules if isinstance(rule, Alert))
"""Every alert there is. One name may stand for a page and a ticket."""

NOT_PAGED: Final = MappingProxyType(
    {
        "dns-slow": (
            "a ticket, DnsLookupSlow: calls go on to the addresses that are known, so visitors "
            "notice nothing and nobody has to get up"
        ),
    }
)
"""Faults that wake nobody, by code, and why."""

PAGED_LATE: Final = MappingProxyType(
    dict.fromkeys(
        ("image-platform-wrong", "image-config-mismatch"),
        "PodCrashLooping waits 5 min, for a bad start is no loop yet; meanwhile old Pods serve on, "
        "and where none is left the page about calls comes",
    )
)
"""Faults that wake somebody, but not within 75 s, by code, and why."""
