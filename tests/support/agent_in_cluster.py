"""An agent as a process that learns from a Kubernetes API and writes to it."""

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from meshdoctor.agent.api import parted
from meshdoctor.lab.kubeapi import KubeApi
from meshdoctor.lab.kubeapi.resources import built_in
from meshdoctor.probes.mesh.evidence import Report
from meshdoctor.probes.mesh.files import KEY, NAMESPACE, config_map
from meshdoctor.probes.mesh.reading import load
from tests.support.agent_process import environment
from tests.support.mesh_net import free_port


class AgentInCluster:
    """`meshdoctor agent` as its Pod runs it.

    Args:
        node: its own.
        api: `host:port` of the API.
        folder: with `account` in it; it gets the memory and the log.
        host: where it answers and has its page.
        port: at which all agents answer.
    """

    def __init__(self, node: str, api: str, folder: Path, host: str, port: int) -> None:
        self.host, self.page_port = host, free_port(host)
        self._log = folder / f"{node}.log"
        api_host, api_port = parted(api)
        self._environment = environment(
            NODE_NAME=node,
            POD_NAME=f"agent-{node}",
            POD_NAMESPACE=NAMESPACE,
            KUBERNETES_SERVICE_HOST=api_host,
            KUBERNETES_SERVICE_PORT=str(api_port),
            MESH_AGENT_ACCOUNT=str(folder / "account"),
            MESH_AGENT_MEMORY=str(folder / f"{node}.memory"),
            MESH_AGENT_ANSWER_HOST=host,
            MESH_AGENT_ANSWER_PORT=str(port),
            MESH_AGENT_METRICS_HOST=host,
            MESH_AGENT_METRICS_PORT=str(self.page_port),
            MESH_AGENT_INTERVAL_SECONDS="0.5",
            MESH_AGENT_DNS_ADDRESS="127.0.0.1",
        )
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "meshdoctor", "agent"),
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )
        return self

    def __exit__(self, *_raised: object) -> None:
        self.end()

    def end(self) -> None:
        """Kill it, if it still lives."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def report(self) -> Report | None:
        """Give what its page says; None while there is no page."""
        connection = http.client.HTTPConnection(self.host, self.page_port, timeout=3)
        try:
            connection.request("GET", "/report")
            response = connection.getresponse()
            text = response.read().decode()
            return load(text, "the page") if response.status == http.client.OK else None
        except OSError:
            return None
        finally:
            connection.close()

    def log(self) -> list[dict[str, Any]]:
        """Give its lines so far."""
        return [json.loads(line) for line in self._log.read_text("utf-8").splitlines()]

    def memory(self) -> float:
        """Give the MiB that it holds, as the kernel counts them (proc(5), VmRSS)."""
        assert self.process
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8").splitlines()
        (line,) = (line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


def written(cluster: KubeApi, node: str) -> Report | None:
    """Give what the agent of a node wrote last."""
    found = cluster.store.get(built_in("ConfigMap"), NAMESPACE, config_map(node))
    return load(found["data"][KEY], "it") if found else None
