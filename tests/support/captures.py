"""Objects of a real kubeadm cluster (v1.36, three nodes), trimmed, and cuts of them.

In `image-and-app-faults` and the two beside it one Pod, or one Service, is named after each fault.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from meshdoctor.probes.kubernetes.evidence import KubernetesEvidence
from meshdoctor.probes.kubernetes.folder import read_folder

CAPTURES: Final = Path(__file__).resolve().parents[1] / "captures"
STATES: Final = ("healthy", "image-and-app-faults", "network-blocked", "node-not-ready")
LOGS: Final = {
    "crash-loop": "settings: RECOMMENDATIONS_TARGET is missing\n",
    "image-single-manifest-wrong-platform": "exec /w/arm: exec format error\n",
}
"""The last log of two Pods that the API shows alike."""


def capture(state: str) -> KubernetesEvidence:
    """Give the evidence of one state of the cluster."""
    return read_folder(CAPTURES / state)


def alone(evidence: KubernetesEvidence, *names: str) -> KubernetesEvidence:
    """Leave the healthy Pods and Services, cluster DNS, and those named."""

    def stays(name: str) -> bool:
        return name in names or name.startswith(("recommendations-7", "dns-test", "coredns"))

    services = {"recommendations", "kube-dns", *names}
    return replace(
        evidence,
        pods=tuple(one for one in evidence.pods if stays(one.name)),
        services=tuple(one for one in evidence.services if one.name in services),
    )


def copied(state: str, folder: Path, **logs: str) -> Path:
    """Copy a capture, with logs, to a folder that a test may change.

    Args:
        state: which.
        folder: where to.
        logs: the last log of a container `c`, by the name of its Pod.
    """
    for path in (CAPTURES / state).iterdir():
        (folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
    (folder / "previous-logs").mkdir()
    for pod, text in logs.items():
        (folder / "previous-logs" / f"bookstore.{pod}.c.log").write_text(text, "utf-8")
    return folder


def changed(folder: Path, kind: str, objects: list[dict[str, Any]]) -> None:
    """Write other objects into a copy."""
    (folder / f"{kind}.json").write_text(json.dumps({"items": objects}), "utf-8")
