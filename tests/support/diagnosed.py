"""`meshdoctor diagnose` as a process, against a loopback API that holds a captured cluster."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from meshdoctor.lab.kubeapi import KubeApi
from meshdoctor.lab.kubeapi.server import Access, serving
from meshdoctor.probes.mesh.evidence import Report
from meshdoctor.probes.mesh.files import KEY, LABELS, NAMESPACE, config_map
from tests.support.captures import CAPTURES
from tests.support.kubeconfigs import kubeconfig

SECONDS: Final = 10.0
"""How long a person waits for a verdict, whatever answers or does not."""


@dataclass(frozen=True, slots=True)
class Said:
    """What it said.

    Attributes:
        code: its exit code.
        out: on standard output.
        err: on standard error.
        seconds: that it took, from its start to its end.
    """

    code: int
    out: str
    err: str
    seconds: float

    @property
    def verdict(self) -> dict[str, Any]:
        """The one verdict, of `-o json`."""
        (one,) = json.loads(self.out)["verdicts"]
        return dict(one)

    @property
    def faults(self) -> list[str]:
        """The faults that were named, in order."""
        return [one["fault"] for one in self.verdict["findings"]]


def diagnose(*words: str, home: Path, **environ: str) -> Said:
    """Run it with a home of its own, so that no cluster of the machine is asked.

    Args:
        words: what stands after `diagnose`.
        home: its HOME.
        environ: what else is in its environment.
    """
    began = time.monotonic()
    done = subprocess.run(
        (sys.executable, "-m", "meshdoctor", "diagnose", *words),
        env={"PATH": os.environ["PATH"], "HOME": str(home), "COLUMNS": "100", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


@contextmanager
def captured_api(state: str, *reports: Report, logs: Path | None = None) -> Iterator[KubeApi]:
    """Run an API that holds one state of the captured cluster, agents' reports, and logs."""
    with serving(("127.0.0.1", 0), Access(logs=logs)) as api:
        for path in sorted((CAPTURES / state).glob("*.json")):
            api.load(path)
        for report in reports:
            api.put(written(report))
        yield api


@contextmanager
def captured(state: str, home: Path, *reports: Report) -> Iterator[tuple[str, str]]:
    """Run such an API, and give the words that lead the command to it."""
    with captured_api(state, *reports) as api:
        yield ("--kubeconfig", str(kubeconfig(home, api.url)))


def written(report: Report) -> dict[str, Any]:
    """Give the ConfigMap that an agent makes of its report."""
    taken = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(report.at))
    meta = {
        "name": config_map(report.node),
        "namespace": NAMESPACE,
        "labels": dict(LABELS),
        "managedFields": [{"manager": "mesh-agent", "operation": "Apply", "time": taken}],
    }
    data = {KEY: json.dumps(asdict(report))}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}
