"""Agents as processes, each on addresses of its own, that know what a file says."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from meshdoctor.agent.knowledge import Knowledge
from meshdoctor.probes.mesh.evidence import Report
from meshdoctor.probes.mesh.reading import load
from tests.support.mesh_net import until

SECONDS = 15.0
_TAKEN = ("NODE_NAME", "POD_NAME", "POD_NAMESPACE", "KUBERNETES_SERVICE_HOST")


def environment(**values: str) -> dict[str, str]:
    """Give this process's own without what an agent reads, and with some of that."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in _TAKEN and not key.startswith("MESH_AGENT_")
    }
    return kept | values


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page said."""

    status: int
    text: str


class AgentProcess:
    """`meshdoctor agent` with a file of knowledge.

    Args:
        known: what it knows.
        path: a folder for its file and its log.
        host: where it answers and has its page.
        port: at which it answers.
        seconds: between two rounds.
    """

    def __init__(
        self, known: Knowledge, path: Path, host: str, port: int, seconds: float = 0.5
    ) -> None:
        file = path / f"{known.node}.json"
        file.write_text(json.dumps(asdict(known)), "utf-8")
        self._log = path / f"{known.node}.log"
        self.host = host
        self.page_port = port + 1
        command = (sys.executable, "-m", "meshdoctor", "agent", "--knowledge", str(file))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(
                    MESH_AGENT_ANSWER_HOST=host,
                    MESH_AGENT_ANSWER_PORT=str(port),
                    MESH_AGENT_METRICS_HOST=host,
                    MESH_AGENT_METRICS_PORT=str(self.page_port),
                    MESH_AGENT_INTERVAL_SECONDS=str(seconds),
                ),
            )

    def __enter__(self) -> Self:
        until(lambda: self._answers("/healthz"), SECONDS)
        return self

    def __exit__(self, *_raised: object) -> None:
        self.process.kill()
        self.process.wait()

    def ask(self, path: str, headers: Mapping[str, str] | None = None, how: str = "GET") -> Answer:
        """Ask its page."""
        connection = http.client.HTTPConnection(self.host, self.page_port, timeout=3)
        try:
            connection.request(how, path, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.read().decode())
        finally:
            connection.close()

    def report(self) -> Report:
        """Give its last report."""
        return load(self.ask("/report").text, "the page")

    def memory(self) -> float:
        """Give the MiB that it holds, as the kernel counts them (proc(5), VmRSS)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8").splitlines()
        (line,) = (line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def log(self) -> list[dict[str, Any]]:
        """Give its lines so far."""
        lines: Iterable[str] = self._log.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def _answers(self, path: str) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(self._log.read_text("utf-8"))
        try:
            return self.ask(path).status == http.client.OK
        except OSError:
            return False
