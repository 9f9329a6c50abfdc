"""What Roles grant to a ServiceAccount, from the rendered objects."""

from dataclasses import dataclass

from tests.support.manifests import Manifest, Overlay


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """A verb on a resource.

    Attributes:
        namespace: where; empty is everywhere, or what is in no namespace.
        resource: in the plural, with its subresource.
        verb: `get`, `list` or `watch`.
    """

    namespace: str
    resource: str
    verb: str


def rights(overlay: Overlay, account: str, namespace: str) -> set[Right]:
    """Give everything that a ServiceAccount may do."""
    found = set()
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for binding in overlay.of(kind):
            if (account, namespace) in {
                (one["name"], one.get("namespace", "")) for one in binding["subjects"]
            }:
                where = binding["metadata"].get("namespace", "")
                found |= {
                    Right(where, resource, verb)
                    for rule in _role(overlay, binding)["rules"]
                    for resource in rule["resources"]
                    for verb in rule["verbs"]
                }
    return found


def _role(overlay: Overlay, binding: Manifest) -> Manifest:
    named = binding["roleRef"]
    where = binding["metadata"].get("namespace") if named["kind"] == "Role" else None
    return next(
        one for one in overlay.of(named["kind"], where) if one["metadata"]["name"] == named["name"]
    )
