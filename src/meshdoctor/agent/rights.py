"""What an agent may ask of the Kubernetes API: its Role is made to fit this, and so is a test."""

from dataclasses import dataclass
from typing import Final

from meshdoctor.probes.mesh.files import NAMESPACE


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """A verb on a resource.

    Attributes:
        namespace: where; "" for what is in no namespace.
        group: the API group; "" for the core.
        resource: in the plural.
        verb: as Roles have it.
    """

    namespace: str
    group: str
    resource: str
    verb: str


DISCOVERY: Final = "discovery.k8s.io"

_OF_THE_CLUSTER: Final = (
    Right("", "", "nodes", "list"),
    Right("default", DISCOVERY, "endpointslices", "list"),
    Right("kube-system", DISCOVERY, "endpointslices", "list"),
    Right("kube-system", "", "services", "list"),
)
_OF_THE_AGENTS: Final = (
    Right(NAMESPACE, DISCOVERY, "endpointslices", "list"),
    Right(NAMESPACE, "", "services", "list"),
    Right(NAMESPACE, "", "configmaps", "create"),
    Right(NAMESPACE, "", "configmaps", "patch"),
)


def rights(*namespaces: str) -> frozenset[Right]:
    """Give everything that an agent asks for. It watches nothing and reads no ConfigMap.

    Args:
        namespaces: of the mesh, whose Pods tell metrics and whose Services are tried.
    """
    of_the_mesh = (
        right
        for namespace in namespaces
        for right in (
            Right(namespace, DISCOVERY, "endpointslices", "list"),
            Right(namespace, "", "pods", "list"),
        )
    )
    return frozenset((*_OF_THE_CLUSTER, *_OF_THE_AGENTS, *of_the_mesh))
