"""Everything that is generated, as texts by path."""

from observability import (
    grafana,
    render_example,
    render_kubernetes,
    render_kustomize,
    render_rules,
    routes,
    rules,
)
from observability.render_yaml import render


def files() -> dict[str, str]:
    """Return every generated file: its path below observability/generated, and its text."""
    return {
        "prometheus/rules.yaml": render(render_rules.groups(rules.GROUPS)),
        "prometheus/prometheus.example.yaml": render(render_example.config("rules.yaml")),
        "prometheus/kustomization.yaml": render_kustomize.config_maps(
            {"prometheus-rules": "rules.yaml"}, hashed=False
        ),
        "alertmanager/alertmanager.yaml": render(routes.config()),
        "alertmanager/kustomization.yaml": render_kustomize.config_maps(
            {"alertmanager": "alertmanager.yaml"}
        ),
        "kubernetes/prometheusrule.yaml": render(render_kubernetes.prometheus_rule(rules.GROUPS)),
        "kubernetes/servicemonitors.yaml": render(*render_kubernetes.service_monitors()),
        "kubernetes/kustomization.yaml": render_kustomize.objects(
            "prometheusrule.yaml", "servicemonitors.yaml"
        ),
        **grafana.files(),
    }
