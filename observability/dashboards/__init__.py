"""The dashboards as data: what each panel asks, and what a reader should make of the answer."""

from typing import Final

from observability.dashboards import dns_network, grpc, load, overview, runtime

DASHBOARDS: Final = (
    overview.DASHBOARD,
    grpc.DASHBOARD,
    dns_network.DASHBOARD,
    load.DASHBOARD,
    runtime.DASHBOARD,
)
"""All of them, in the order of the links on top of each."""
