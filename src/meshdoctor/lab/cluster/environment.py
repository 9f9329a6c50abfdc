"""A container's variables, as the kubelet fills them in."""

import re
from collections.abc import Mapping

from meshdoctor.lab.net.topology import Manifest, Pod

API = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def environment(container: Manifest, pod: Pod, address_of_node: str) -> Mapping[str, str]:
    """Give them.

    Args:
        container: of the Pod's template.
        pod: what fields of the Pod are about.
        address_of_node: where its node is.
    """
    fields = {
        "metadata.name": pod.name,
        "metadata.namespace": pod.namespace,
        "spec.nodeName": pod.node,
        "status.podIP": pod.address,
        "status.hostIP": address_of_node,
    }
    filled = dict(API)
    for one in container.get("env", ()):
        told = one.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath", "")
        value = fields[told] if told else one["value"]
        # The kubelet leaves a name as it is that no variable above has.
        filled[one["name"]] = re.sub(
            r"\$\((\w+)\)", lambda name: filled.get(name[1], name[0]), value
        )
    return filled
