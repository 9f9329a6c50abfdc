"""What kinds of objects there are, by the names under which a Kubernetes API serves them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object.

    Attributes:
        group: the API group; empty for the core.
        version: the API version.
        plural: its name in paths.
        kind: its name in objects.
        namespaced: whether its objects live in namespaces.
        short_names: what people type for it.
        subresources: what is served below an object.
        built_in: whether Kubernetes itself has it, so that lists in it have merge keys.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    built_in: bool = True

    @property
    def title(self) -> str:
        """The plural with its group, as messages have it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def group_version(self) -> str:
        """The `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def prefix(self) -> str:
        """The path of its group and version."""
        return f"/apis/{self.group_version}" if self.group else f"/api/{self.version}"


# Group and version, plural, kind; then what is short for it, what is below it, and `cluster` where
# its objects live in no namespace.
_TABLE: Final = """
v1 namespaces Namespace cluster short=ns sub=finalize,status
v1 nodes Node cluster short=no sub=status
v1 persistentvolumes PersistentVolume cluster short=pv
v1 persistentvolumeclaims PersistentVolumeClaim short=pvc
v1 pods Pod short=po sub=log,status
v1 services Service short=svc sub=status
v1 endpoints Endpoints short=ep
v1 configmaps ConfigMap short=cm
v1 secrets Secret
v1 serviceaccounts ServiceAccount short=sa
v1 events Event short=ev
v1 limitranges LimitRange short=limits
v1 resourcequotas ResourceQuota short=quota
apps/v1 deployments Deployment short=deploy sub=scale,status
apps/v1 replicasets ReplicaSet short=rs sub=scale,status
apps/v1 daemonsets DaemonSet short=ds sub=status
apps/v1 statefulsets StatefulSet short=sts sub=scale,status
apps/v1 controllerrevisions ControllerRevision
batch/v1 jobs Job sub=status
batch/v1 cronjobs CronJob short=cj sub=status
autoscaling/v2 horizontalpodautoscalers HorizontalPodAutoscaler short=hpa sub=status
policy/v1 poddisruptionbudgets PodDisruptionBudget short=pdb sub=status
networking.k8s.io/v1 networkpolicies NetworkPolicy short=netpol
networking.k8s.io/v1 ingresses Ingress short=ing sub=status
discovery.k8s.io/v1 endpointslices EndpointSlice
rbac.authorization.k8s.io/v1 roles Role
rbac.authorization.k8s.io/v1 rolebindings RoleBinding
rbac.authorization.k8s.io/v1 clusterroles ClusterRole cluster
rbac.authorization.k8s.io/v1 clusterrolebindings ClusterRoleBinding cluster
coordination.k8s.io/v1 leases Lease
scheduling.k8s.io/v1 priorityclasses PriorityClass cluster short=pc
storage.k8s.io/v1 storageclasses StorageClass cluster short=sc
apiregistration.k8s.io/v1 apiservices APIService cluster sub=status
apiextensions.k8s.io/v1 customresourcedefinitions CustomResourceDefinition cluster short=crd,crds
"""


def _parsed(line: str) -> Resource:
    group_version, plural, kind, *more = line.split()
    group, _, version = group_version.rpartition("/")
    lists = {
        name: tuple(value.split(",")) for name, _, value in (one.partition("=") for one in more)
    }
    return Resource(
        *(group, version, plural, kind),
        namespaced="cluster" not in more,
        short_names=lists.get("short", ()),
        subresources=lists.get("sub", ()),
    )


BUILT_IN: Final = tuple(_parsed(line) for line in _TABLE.strip().splitlines())


def built_in(kind: str) -> Resource:
    """Give what Kubernetes itself serves under the name of a kind."""
    return next(one for one in BUILT_IN if one.kind == kind)


NAMESPACES: Final = built_in("Namespace")
DEFINITIONS: Final = built_in("CustomResourceDefinition")


def custom(definition: Mapping[str, Any]) -> Iterable[Resource]:
    """Give the resources that a CustomResourceDefinition adds, one for each served version."""
    spec = definition["spec"]
    names = spec["names"]
    for version in spec["versions"]:
        if version.get("served", True):
            yield Resource(
                *(spec["group"], version["name"], names["plural"], names["kind"]),
                namespaced=spec.get("scope") == "Namespaced",
                short_names=tuple(names.get("shortNames", ())),
                subresources=tuple(version.get("subresources", ())),
                built_in=False,
            )
