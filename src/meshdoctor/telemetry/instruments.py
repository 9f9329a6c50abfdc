"""The catalogue's metrics as live objects in one registry, with their labels bound once.

Binding labels costs more than observing, and label values on these paths are few: methods, status
codes, causes. So each bound child is kept, and the hot path is one dictionary look-up.
"""

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import Metric as Family
from prometheus_client.metrics import MetricWrapperBase

from meshdoctor.telemetry import catalogue
from meshdoctor.telemetry.catalogue import Kind, Metric

_MAKERS: dict[Kind, Callable[..., MetricWrapperBase]] = {
    Kind.COUNTER: Counter,
    Kind.GAUGE: Gauge,
    Kind.HISTOGRAM: Histogram,
}


def make(metric: Metric, registry: CollectorRegistry) -> Any:  # noqa: ANN401 - three unrelated types
    """Register `metric` in `registry` and return the prometheus-client object."""
    more = {"buckets": metric.buckets} if metric.buckets else {}
    family = _MAKERS[metric.kind](metric.name, metric.help, metric.labels, registry=None, **more)
    registry.register(_WithoutCreated(family))
    return family


class _WithoutCreated:
    """Shows a family without its `_created` series.

    They say when each child was made, as one more series for each counter and each histogram, which
    Prometheus stores and nothing here reads: what must not be missed starts at 0 instead. To switch
    them off in prometheus-client is to switch them off in the whole process, also in what a service
    measures on its own; here they are left out of the toolbox's own families alone, whoever shows
    the registry and in whichever format.
    """

    def __init__(self, family: MetricWrapperBase) -> None:
        self._family = family

    def describe(self) -> Iterable[Family]:
        return self._family.describe()

    def collect(self) -> Iterable[Family]:
        for shown in self._family.collect():
            created = f"{shown.name}_created"
            shown.samples[:] = [sample for sample in shown.samples if sample.name != created]
            yield shown


class Bound:
    """A labelled metric that remembers its children.

    The number of children is bounded by the callers: every label value comes from a closed set
    (routes, methods, codes, causes), never from what a visitor typed.
    """

    def __init__(self, family: MetricWrapperBase) -> None:
        self._family = family
        self._children: dict[tuple[str, ...], Any] = {}

    def of(self, *labels: str) -> Any:  # noqa: ANN401 - Counter, Gauge or Histogram
        """Return the child for these label values, in the catalogue's order."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._family.labels(*labels)
        return child

    def forget(self, *labels: str) -> None:
        """Drop a child whose subject is gone, so that Pods that come and go leave no series."""
        if self._children.pop(labels, None) is not None:
            self._family.remove(*labels)


class InFlight:
    """A gauge of what is going on now: sets of tokens, counted when somebody looks.

    Adding to a set and discarding from it are single steps of the interpreter, so they need no
    lock and cost a tenth of a gauge's `inc` and `dec`; and nothing can be counted down twice.
    """

    def __init__(self, family: Gauge) -> None:
        self._family = family
        self._tokens: dict[tuple[str, ...], set[object]] = {}

    def of(self, *labels: str) -> set[object]:
        """Return the set of these label values: add a token at the start, discard it at the end."""
        tokens = self._tokens.get(labels)
        if tokens is None:
            # Two threads may get here at once: both must end up with the same set.
            tokens = self._tokens.setdefault(labels, set())
            child = self._family.labels(*labels) if labels else self._family
            child.set_function(tokens.__len__)
        return tokens


class Instruments:
    """All metrics of the catalogue, registered in one registry.

    Args:
        registry: where they are registered; one per process, or one per test.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        def bound(metric: Metric) -> Bound:
            return Bound(make(metric, registry))

        def in_flight(metric: Metric) -> InFlight:
            return InFlight(make(metric, registry))

        self.registry = registry
        self.http_server_duration = bound(catalogue.HTTP_SERVER_DURATION)
        self.http_server_active = in_flight(catalogue.HTTP_SERVER_ACTIVE)
        self.http_server_freshness = bound(catalogue.HTTP_SERVER_FRESHNESS)
        self.rpc_client_duration = bound(catalogue.RPC_CLIENT_DURATION)
        self.rpc_client_active = in_flight(catalogue.RPC_CLIENT_ACTIVE)
        self.rpc_client_failures = bound(catalogue.RPC_CLIENT_FAILURES)
        self.rpc_client_dns_failures = bound(catalogue.RPC_CLIENT_DNS_FAILURES)
        self.rpc_client_retries = bound(catalogue.RPC_CLIENT_RETRIES)
        self.rpc_client_breaker = bound(catalogue.RPC_CLIENT_BREAKER)
        self.dns_lookup_duration = bound(catalogue.DNS_LOOKUP_DURATION)
        self.rpc_server_duration = bound(catalogue.RPC_SERVER_DURATION)
        self.rpc_server_active = in_flight(catalogue.RPC_SERVER_ACTIVE)
        self.telemetry_spans = bound(catalogue.TELEMETRY_SPANS)
