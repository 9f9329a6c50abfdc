"""The agent's Pod as its manifest has it, with what the kubelet adds by itself."""

from meshdoctor.probes.mesh.files import NAMESPACE
from tests.support.manifests import KUBEADM, Manifest

NAME = "mesh-agent"


def agent_pod(api: str = "127.0.0.1", port: int = 1) -> Manifest:
    """Give the Pod.

    Args:
        api: address of the Kubernetes API; without one nobody answers there.
        port: of it.
    """
    pod = KUBEADM.named("DaemonSet", NAME, NAMESPACE)["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    added = {"KUBERNETES_SERVICE_HOST": api, "KUBERNETES_SERVICE_PORT": str(port)}
    variables = [*container["env"], *({"name": key, "value": added[key]} for key in added)]
    return {**pod, "spec": {**pod["spec"], "containers": [{**container, "env": variables}]}}
