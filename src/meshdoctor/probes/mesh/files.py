"""A report as text: what an agent writes, and what the doctor reads."""

import json
from dataclasses import asdict
from typing import Final

from meshdoctor.probes.mesh.evidence import Report

NAMESPACE: Final = "meshdoctor"
"""Where the agents live, and their reports."""

KEY: Final = "report.json"
"""Under which key of its ConfigMap a report stands."""

LABELS: Final = {"app.kubernetes.io/name": "mesh-agent", "app.kubernetes.io/part-of": "meshdoctor"}


def config_map(node: str) -> str:
    """Name the ConfigMap of a node's agent."""
    return f"mesh-agent-{node}"


def dump(report: Report) -> str:
    """Write a report as JSON on one line.

    Args:
        report: any.
    """
    return json.dumps(asdict(report), separators=(",", ":"))
