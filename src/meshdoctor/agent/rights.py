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
        name: of the one object that is meant; "" for all.
    """

    namespace: str
    group: str
    resource: str
    verb: str
    name: str = ""


DISCOVERY: Final = "discovery.k8s.io"

API_SERVICE: Final = "kubernetes"
"""The API's Service in `default`, and the EndpointSlice that the API makes for it."""

SERVICES_NAMESPACE: Final = "bookstore"
"""Where the services of the mesh live, unless the settings say otherwise."""


def rights(services: str = SERVICES_NAMESPACE, namespace: str = NAMESPACE) -> frozenset[Right]:
    """Give everything that an agent asks for. It watches nothing and reads no ConfigMap.

    A report is written by server-side apply, which creates or patches.

    Args:
        services: the namespace whose Pods tell metrics and whose backends are tried.
        namespace: of the agents.
    """
    return frozenset(
        (
            Right("", "", "nodes", "list"),
            # The API's own addresses. A list must say the name, or the right does not fit.
            Right("default", DISCOVERY, "endpointslices", "list", API_SERVICE),
            Right("kube-system", DISCOVERY, "endpointslices", "list"),
            Right("kube-system", "", "services", "list"),
            Right(namespace, DISCOVERY, "endpointslices", "list"),
            Right(namespace, "", "services", "list"),
            Right(namespace, "", "configmaps", "create"),
            Right(namespace, "", "configmaps", "patch"),
            Right(services, DISCOVERY, "endpointslices", "list"),
            Right(services, "", "pods", "list"),
        )
    )
