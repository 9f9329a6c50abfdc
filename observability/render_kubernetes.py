"""The same rules and scrapes as objects of the Prometheus operator (monitoring.coreos.com/v1)."""

from typing import Any, Final

from observability import knobs, render_rules
from observability.model import Group

_API: Final = "monitoring.coreos.com/v1"
_SCRAPED: Final = (
    (knobs.MARKETPLACE, knobs.NAMESPACE),
    (knobs.RECOMMENDATIONS, knobs.NAMESPACE),
    (knobs.AGENT, knobs.AGENT_NAMESPACE),
)
_NAME: Final = "app.kubernetes.io/name"
_PORT: Final = "metrics"
_PATH: Final = "/metrics"


def prometheus_rule(groups: tuple[Group, ...]) -> dict[str, Any]:
    """Return all rules as one PrometheusRule."""
    return {
        **_object("PrometheusRule", "mesh", knobs.NAMESPACE),
        "spec": render_rules.groups(groups),
    }


def service_monitors() -> tuple[dict[str, Any], ...]:
    """Return one ServiceMonitor for each service, and one for the agents."""
    return tuple(_service_monitor(service, namespace) for service, namespace in _SCRAPED)


def _service_monitor(service: str, namespace: str) -> dict[str, Any]:
    return {
        **_object("ServiceMonitor", service, namespace),
        "spec": {
            # The job is then the service's name, by which the rules select.
            "jobLabel": _NAME,
            "selector": {"matchLabels": {_NAME: service}},
            "namespaceSelector": {"matchNames": [namespace]},
            "sampleLimit": knobs.SAMPLE_LIMIT,
            "endpoints": [
                {
                    "port": _PORT,
                    "path": _PATH,
                    "interval": f"{knobs.SCRAPE_SECONDS}s",
                    "scrapeTimeout": f"{knobs.SCRAPE_TIMEOUT_SECONDS}s",
                    "honorLabels": False,
                }
            ],
        },
    }


def _object(kind: str, name: str, namespace: str) -> dict[str, Any]:
    labels = {_NAME: name, "app.kubernetes.io/part-of": "meshdoctor"}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": _API, "kind": kind, "metadata": metadata}
