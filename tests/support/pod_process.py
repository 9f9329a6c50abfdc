"""A container as an ordinary process: its command, its environment, its ports, its probes."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.support.manifests import Manifest
from tests.support.mesh_shop_process import kept_environment

ANYWHERE = "0.0.0.0"  # noqa: S104 - what the manifests say, to be replaced
POD = {"metadata.name": "pod-1", "metadata.namespace": "bookstore", "spec.nodeName": "node-1"}


def environment(container: Manifest, address: str, replaced: Mapping[str, str]) -> dict[str, str]:
    """Give a container's variables as the kubelet would, but for addresses of this machine.

    Args:
        container: of a Pod.
        address: in place of "every address".
        replaced: values for variables of a cluster, such as names only its DNS knows.
    """
    filled: dict[str, str] = {}
    for one in container["env"]:
        value = one["value"] if "value" in one else POD[one["valueFrom"]["fieldRef"]["fieldPath"]]
        value = address if value == ANYWHERE else replaced.get(one["name"], value)
        # The kubelet leaves a name as it is that no variable above has.
        filled[one["name"]] = re.sub(
            r"\$\((\w+)\)", lambda name: filled.get(name[1], name[0]), value
        )
    return filled


class PodProcess:
    """A container that runs here.

    Args:
        template: the Pod.
        address: its loopback address.
        replaced: as `environment` says.
    """

    def __init__(self, template: Manifest, address: str, **replaced: str) -> None:
        (self.container,) = template["spec"]["containers"]
        self.address = address
        self.environment = environment(self.container, address, replaced)
        self.process = subprocess.Popen(
            self.command(),
            env={**kept_environment(), **self.environment},
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a group of its own, with the processes that it starts
        )

    def command(self) -> Sequence[str]:
        """Return what is started, with the variables of `environment`."""
        return (sys.executable, "-m", self.container["name"])

    def probe(self, name: str) -> bool:
        """Do what the kubelet does for a probe, on the Pod's address and the probe's port."""
        probe = self.container[name]
        if "grpc" in probe:
            return self._asks_health(probe["grpc"])
        return self.get(self.port(probe["httpGet"]["port"]), probe["httpGet"]["path"]) < 400

    def becomes_ready(self, seconds: float) -> None:
        """Wait for the start-up probe, then for readiness.

        Raises:
            TimeoutError: it never was.
        """
        end = time.monotonic() + seconds
        while not (self.probe("startupProbe") and self.probe("readinessProbe")):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.container['name']} is not ready after {seconds} s")
            time.sleep(0.1)

    def get(self, port: int, path: str) -> int:
        """Fetch a page; return its status, or 599 when nobody listens."""
        connection = http.client.HTTPConnection(self.address, port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 599
        finally:
            connection.close()

    def port(self, name: str) -> int:
        """Give the number of a named port."""
        (found,) = (p["containerPort"] for p in self.container["ports"] if p["name"] == name)
        return int(found)

    def terminate(self, seconds: float) -> int:
        """Send SIGTERM; return the exit code.

        Raises:
            subprocess.TimeoutExpired: it is still there after `seconds`.
        """
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def _asks_health(self, probe: Manifest) -> bool:
        with grpc.insecure_channel(f"{self.address}:{probe['port']}") as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest(service=probe.get("service", ""))
            try:
                status = stub.Check(request, timeout=5).status
            except grpc.RpcError:
                return False
        return bool(status == health_pb2.HealthCheckResponse.SERVING)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        # All of the group: the marketplace has a second process, which would outlive the first.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
