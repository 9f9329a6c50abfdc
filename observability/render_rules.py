"""Rules as Prometheus reads them (prometheus.io, "Recording rules", "Alerting rules")."""

from typing import Any

from observability import links
from observability.model import Alert, Group, Record


def groups(these: tuple[Group, ...]) -> dict[str, Any]:
    """Return the content of a rule file, which is also the `spec` of a PrometheusRule."""
    return {"groups": [_group(group) for group in these]}


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "interval": f"{group.seconds}s",
        "rules": [
            _alert(rule) if isinstance(rule, Alert) else _record(rule) for rule in group.rules
        ],
    }


def _record(record: Record) -> dict[str, Any]:
    rule = {"record": record.name, "expr": record.expression}
    return {**rule, "labels": dict(record.labels)} if record.labels else rule


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        **({"for": alert.hold} if alert.hold else {}),
        **({"keep_firing_for": alert.keep} if alert.keep else {}),
        "labels": {
            "severity": str(alert.severity),
            "layer": str(alert.layer),
            "rank": str(alert.rank),
            **alert.labels,
        },
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": links.runbook(alert.family),
            "dashboard_url": links.dashboard(alert.dashboard),
        },
    }
