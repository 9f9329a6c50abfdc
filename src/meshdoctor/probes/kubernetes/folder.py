"""Evidence from a folder of what `kubectl get KIND -A -o json` printed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from meshdoctor.probes.kubernetes.evidence import Container, Gap, Kind, KubernetesEvidence, Pod
from meshdoctor.probes.kubernetes.reading import ShapeError, items, read
from meshdoctor.probes.kubernetes.words import WRONG_FORMAT

LOGS: Final = "previous-logs"
"""The folder inside that may hold logs, each as NAMESPACE.POD.CONTAINER.log."""


def read_folder(folder: Path) -> KubernetesEvidence:
    """Read `nodes.json`, `pods.json` and so on; what is missing or damaged becomes a gap.

    Args:
        folder: holds a file for each kind, and logs if there are any.
    """
    found: dict[Kind, tuple[Any, ...]] = {}
    gaps = []
    for kind in Kind:
        path = folder / f"{kind}.json"
        try:
            found[kind] = read(kind, items(json.loads(path.read_text("utf-8"))))
        except OSError as error:
            gaps.append(Gap(kind, f"{path.name}: {error.strerror}"))
        except ShapeError as error:
            gaps.append(Gap(kind, f"{path.name}: {error}"))
        except (ValueError, RecursionError):
            gaps.append(Gap(kind, f"{path.name}: no JSON"))
    return KubernetesEvidence(
        str(folder),
        found.get(Kind.NODES, ()),
        tuple(_with_logs(pod, folder / LOGS) for pod in found.get(Kind.PODS, ())),
        found.get(Kind.EVENTS, ()),
        found.get(Kind.SERVICES, ()),
        found.get(Kind.SLICES, ()),
        found.get(Kind.DEPLOYMENTS, ()),
        tuple(gaps),
    )


def _with_logs(pod: Pod, folder: Path) -> Pod:
    return replace(pod, containers=tuple(_with_log(one, pod, folder) for one in pod.containers))


def _with_log(container: Container, pod: Pod, folder: Path) -> Container:
    path = folder / f"{pod.namespace}.{pod.name}.{container.name}.log"
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return container
    return replace(container, wrong_format=WRONG_FORMAT in text)
