"""What can be done with objects: create, read, change, delete."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshdoctor.lab.kubeapi.admission import admit_change, admit_new, now
from meshdoctor.lab.kubeapi.merging import merged, strategically_merged
from meshdoctor.lab.kubeapi.refusals import (
    about,
    already_exists,
    bad_request,
    not_found,
    unsupported,
)
from meshdoctor.lab.kubeapi.resources import NAMESPACES, Resource
from meshdoctor.lab.kubeapi.selectors import matches
from meshdoctor.lab.kubeapi.store import Store

Manifest = dict[str, Any]

MERGE: Final = "application/merge-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Call:
    """A request about objects.

    Attributes:
        resource: their kind.
        namespace: where they are; empty for all, and for those that live in none.
        name: the one that is meant; empty for the collection.
        subresource: what part of it; empty for the whole.
        query: the query's parameters.
        body: what was sent.
        media_type: in what language.
    """

    resource: Resource
    namespace: str
    name: str
    subresource: str
    query: Mapping[str, str]
    body: Manifest
    media_type: str

    @property
    def dry(self) -> bool:
        """Whether only to tell what would be."""
        return self.query.get("dryRun") == "All"


def listed(store: Store, call: Call) -> Manifest:
    """Give the objects that a query asks for, as a list."""
    with store.changed:
        found = [one for one in store.all(call.resource, call.namespace) if _meant(one, call)]
        return {
            "kind": f"{call.resource.kind}List",
            "apiVersion": call.resource.group_version,
            "metadata": {"resourceVersion": str(store.version)},
            "items": found,
        }


def read(store: Store, call: Call) -> Manifest:
    """Give one object, or its scale."""
    found = store.get(call.resource, call.namespace, call.name)
    if not found:
        raise not_found(call.resource, call.name)
    return _scale_of(found) if call.subresource == "scale" else found


def create(store: Store, call: Call) -> Manifest:
    """Take a new object in."""
    new = _named(call)
    with store.changed:
        if store.get(call.resource, call.namespace, new["metadata"]["name"]):
            raise already_exists(call.resource, new["metadata"]["name"])
        admitted = _signed(admit_new(store, call.resource, new), call)
        return admitted if call.dry else store.put(call.resource, admitted)


def replace(store: Store, call: Call) -> Manifest:
    """Put an object in the place of another, or its status or scale alone."""
    with store.changed:
        old = read(store, _whole(call))
        return _changed(store, call, old, _named(call))


def patch(store: Store, call: Call) -> Manifest:
    """Change parts of an object; what is applied may be new."""
    with store.changed:
        old = store.get(call.resource, call.namespace, call.name)
        if call.media_type == APPLY:
            return _changed(store, call, old, _patched(call, old)) if old else create(store, call)
        if not old:
            raise not_found(call.resource, call.name)
        return _changed(store, call, old, _patched(call, old))


def delete(store: Store, call: Call) -> Manifest:
    """Delete an object; a namespace takes its objects along."""
    with store.changed:
        found = read(store, call)
        if not call.dry:
            _remove(store, call.resource, found)
    uid = found["metadata"].get("uid", "")
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Success",
        "details": {**about(call.resource, call.name), "uid": uid},
    }


def delete_all(store: Store, call: Call) -> Manifest:
    """Delete what a query asks for."""
    with store.changed:
        gone = listed(store, call)
        for one in gone["items"]:
            _remove(store, call.resource, one)
        return gone


def _meant(found: Manifest, call: Call) -> bool:
    return matches(found, call.query) and call.name in {"", found["metadata"]["name"]}


def _whole(call: Call) -> Call:
    empty: Manifest = {}
    return Call(call.resource, call.namespace, call.name, "", call.query, empty, "")


def _named(call: Call) -> Manifest:
    new = copy.deepcopy(call.body)
    meta = new.setdefault("metadata", {})
    if meta.setdefault("name", call.name) == "":
        raise bad_request("name is required: this API makes up none")
    if call.resource.namespaced and meta.setdefault("namespace", call.namespace) != call.namespace:
        raise bad_request("the namespace of the object does not match the namespace of the request")
    return new


def _patched(call: Call, old: Manifest) -> Manifest:
    target = _scale_of(old) if call.subresource == "scale" else old
    if call.media_type == MERGE or not call.resource.built_in:
        return dict(merged(target, call.body))
    if call.media_type in {STRATEGIC, APPLY}:
        return strategically_merged(target, call.body)
    raise unsupported(call.media_type)


def _changed(store: Store, call: Call, old: Manifest, new: Manifest) -> Manifest:
    if call.subresource == "scale":
        new = {**old, "spec": {**old["spec"], "replicas": new["spec"]["replicas"]}}
    elif call.subresource == "status":
        new = {**old, "status": new.get("status", {})}
    elif "status" in old:
        new["status"] = old["status"]
    admitted = admit_change(store, call.resource, old, copy.deepcopy(new))
    if admitted != old and not call.dry:
        admitted = store.put(call.resource, _signed(admitted, call))
        _finish(store, call.resource, admitted)
    return _scale_of(admitted) if call.subresource == "scale" else admitted


def _signed(found: Manifest, call: Call) -> Manifest:
    """Note who applied it and when, by the API's clock, but not which fields those were."""
    if call.media_type == APPLY:
        manager = call.query.get("fieldManager", "")
        entry = {"manager": manager, "operation": "Apply", "time": now()}
        before = found["metadata"].get("managedFields") or ()
        others = [one for one in before if one["manager"] != manager]
        found["metadata"]["managedFields"] = [*others, entry]
    return found


def _remove(store: Store, resource: Resource, found: Manifest) -> None:
    found["metadata"]["deletionTimestamp"] = now()
    if resource is NAMESPACES:
        found["status"] = {"phase": "Terminating"}
    store.put(resource, found)
    if resource is NAMESPACES:
        name = found["metadata"]["name"]
        for each in store.resources():
            for one in store.all(each, name) if each.namespaced else ():
                _remove(store, each, one)
    _finish(store, resource, found)


def _finish(store: Store, resource: Resource, found: Manifest) -> None:
    """Forget an object that is being deleted and that nothing holds any more."""
    meta = found["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers"):
        return
    if resource is NAMESPACES and _contents(store, meta["name"]):
        return
    if not store.get(resource, meta.get("namespace", ""), meta["name"]):
        return  # a namespace that went with the last of its objects
    store.drop(resource, found)
    where = meta.get("namespace") if resource.namespaced else None
    if where and (namespace := store.get(NAMESPACES, "", where)):
        _finish(store, NAMESPACES, namespace)


def _contents(store: Store, namespace: str) -> bool:
    return any(store.all(each, namespace) for each in store.resources() if each.namespaced)


def _scale_of(found: Manifest) -> Manifest:
    names = ("name", "namespace", "uid", "resourceVersion")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: found["metadata"][key] for key in names if key in found["metadata"]},
        "spec": {"replicas": found["spec"].get("replicas", 1)},
        "status": {"replicas": found.get("status", {}).get("replicas", 0)},
    }
