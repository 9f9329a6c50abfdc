"""The Kubernetes API of the cluster: on the first node, at its own address and behind 10.96.0.1."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from meshdoctor.lab.cluster.apiclient import ApiClient
from meshdoctor.lab.cluster.credentials import ADMIN, Credentials
from meshdoctor.lab.cluster.plan import API_PORT, Plan
from meshdoctor.lab.net.network import HOME, Network
from meshdoctor.lab.net.topology import Manifest, Pod
from meshdoctor.lab.processes import Program

FOLDER = HOME / "api"
KUBECONFIG = FOLDER / "kubeconfig"
_CLUSTER_IP = "10.96.0.1"
_STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """What is written down of it before it runs.

    Attributes:
        node: where it runs.
        program: what to start there.
        api: the lab's own way to it.
        kubeconfig: a file for everybody else.
    """

    node: str
    program: Program
    api: ApiClient
    kubeconfig: Path

    @classmethod
    def written(
        cls, plan: Plan, network: Network, objects: Iterable[Manifest], logs: Path
    ) -> "ControlPlane":
        """Write its files, and every Pod's service account.

        Args:
            plan: of the cluster.
            network: that is up.
            objects: with which it begins.
            logs: what containers print, `POD.log` each.
        """
        node = plan.seed.topology.nodes[0]
        server = f"https://{node.address}:{API_PORT}"
        users = {account for pod in plan.seed.topology.pods if (account := _account(pod, plan))}
        made = Credentials.made((node.address, _CLUSTER_IP), sorted(users))
        made.write(FOLDER, server)
        state = FOLDER / "state.json"
        state.write_text(json.dumps({"items": list(objects)}), "utf-8")
        authority = made.certificate.decode()
        for pod in plan.seed.topology.pods:
            if account := _account(pod, plan):
                token = made.tokens[account]
                files = {"token": token, "ca.crt": authority, "namespace": pod.namespace}
                network.account(pod.name, files)
        return cls(
            node.name,
            _program(f"{node.address}:{API_PORT}", state, logs),
            ApiClient(server, authority, made.tokens[ADMIN]),
            KUBECONFIG,
        )


def _account(pod: Pod, plan: Plan) -> str:
    """Name the user that a Pod is to the API; "" is none."""
    account = plan.template(pod)["spec"].get("serviceAccountName")
    return f"system:serviceaccount:{pod.namespace}:{account}" if account else ""


def _program(address: str, state: Path, logs: Path) -> Program:
    command = (
        *(sys.executable, "-m", "meshdoctor.lab.kubeapi", "--listen", address),
        *("--tls", str(FOLDER / "tls.crt"), str(FOLDER / "tls.key")),
        *("--tokens", str(FOLDER / "tokens.json"), "--state", str(state), "--logs", str(logs)),
    )
    return Program("api", command, ready=f"tcp://{address}", stop_seconds=_STOP_SECONDS)
