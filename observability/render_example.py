"""A Prometheus configuration for a cluster without the operator: a beginning, to be adapted."""

from typing import Any, Final

from observability import knobs

_SERVICES: Final = (knobs.MARKETPLACE, knobs.RECOMMENDATIONS)


def config(rules: str) -> dict[str, Any]:
    """Return the configuration (Prometheus 2.42 and later, "Configuration").

    Args:
        rules: the rule file, relative to the configuration.
    """
    return {
        "global": {
            "scrape_interval": f"{knobs.SCRAPE_SECONDS}s",
            "scrape_timeout": f"{knobs.SCRAPE_TIMEOUT_SECONDS}s",
            "evaluation_interval": f"{knobs.EVALUATE_SECONDS}s",
        },
        "rule_files": [rules],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [knobs.ALERTMANAGER]}]}]},
        "scrape_configs": [*map(_service, _SERVICES), _kube_state_metrics()],
    }


def _service(name: str) -> dict[str, Any]:
    """Every Pod of a headless Service. DNS names them: not every build knows the Kubernetes API."""
    names = [f"{name}.{knobs.NAMESPACE}.svc.cluster.local."]
    place = {"target_label": "namespace", "replacement": knobs.NAMESPACE}
    return {
        "job_name": name,
        "sample_limit": knobs.SAMPLE_LIMIT,
        "dns_sd_configs": [{"names": names, "type": "A", "port": knobs.METRICS_PORT}],
        "relabel_configs": [place],
    }


def _kube_state_metrics() -> dict[str, Any]:
    return {
        "job_name": "kube-state-metrics",
        # Its series are about Pods in other namespaces than its own: their labels are the truth.
        "honor_labels": True,
        "static_configs": [{"targets": [knobs.KUBE_STATE_METRICS]}],
    }
