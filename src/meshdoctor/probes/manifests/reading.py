"""From YAML to evidence: what is not named here is not kept."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from meshdoctor.probes.manifests.evidence import (
    Container,
    Manifests,
    Need,
    Port,
    Service,
    ServicePort,
    Spec,
    Thing,
    Workload,
)
from meshdoctor.probes.manifests.shapes import require, selector

Object = dict[str, Any]
Place = tuple[str, str, str]

BY_HAND: Final = "meshdoctor/made-by-hand"
"""Annotation of a workload: names of ConfigMaps and Secrets that no file has, with commas."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAKERS: Final = frozenset(
    {"Pod", "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job", "CronJob"}
)
_WITHOUT_SELECTOR: Final = frozenset({"Pod", "Job", "CronJob"})
_SPECS: Final = frozenset({"NetworkPolicy", "ResourceQuota", "LimitRange"})
_STORES: Final = frozenset({"ConfigMap", "Secret"})
_KEPT: Final = frozenset({"data", "stringData", "binaryData"})


class ManifestError(Exception):
    """The text is no manifests; the message says where and why."""


def read(text: str, source: str) -> Manifests:
    """Read manifests.

    Args:
        text: YAML or JSON, documents or Lists of objects.
        source: where it comes from, for people.

    Raises:
        ManifestError: it is something else, or an object is not what Kubernetes takes.
    """
    try:
        documents = list(yaml.load_all(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ManifestError(f"{source} is no YAML: {' '.join(str(error).split())}") from error
    objects = list(_objects(documents, source))
    if not objects:
        raise ManifestError(f"{source} holds no object of Kubernetes")
    scaled = _scaled(objects)
    found = _Found()
    for one in objects:
        try:
            found.add(one, scaled)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ManifestError(
                f"{source}: {_name(one)} lacks a field, or has it wrong: {error!r}"
            ) from error
    return found.whole(source)


@dataclass(slots=True)
class _Found:
    things: list[Thing] = field(default_factory=list)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    workloads: list[Workload] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    specs: dict[str, list[Spec]] = field(default_factory=lambda: defaultdict(list))
    stores: dict[tuple[str, str, str], frozenset[str] | None] = field(default_factory=dict)

    def add(self, one: Object, scaled: dict[Place, int]) -> None:
        thing = _thing(one)
        self.things.append(thing)
        if thing.kind in _MAKERS:
            self.workloads.append(_workload(thing, one, scaled))
        elif thing.kind == "Service":
            self.services.append(_service(thing, one["spec"]))
        elif thing.kind in _SPECS:
            self.specs[thing.kind].append(Spec(thing, require(thing.kind, one.get("spec"))))
        elif thing.kind in _STORES:
            keys = (key for part in _KEPT for key in one.get(part) or ())
            self.stores[thing.kind, thing.namespace, thing.name] = frozenset(keys)
        elif thing.kind == "Certificate":
            # cert-manager makes the Secret.
            self.stores["Secret", thing.namespace, str(one["spec"]["secretName"])] = None
        elif thing.kind == "Namespace":
            self.namespaces[thing.name] = _labels(one)

    def whole(self, source: str) -> Manifests:
        accounts = (one for one in self.things if one.kind == "ServiceAccount")
        return Manifests(
            source,
            tuple(self.things),
            self.namespaces,
            tuple(self.workloads),
            tuple(self.services),
            policies=tuple(self.specs["NetworkPolicy"]),
            quotas=tuple(self.specs["ResourceQuota"]),
            ranges=tuple(self.specs["LimitRange"]),
            stores=self.stores,
            accounts=frozenset((one.namespace, one.name) for one in accounts),
        )


def _objects(documents: list[Any], source: str) -> Iterator[Object]:
    for one in documents:
        if one is None:
            continue
        if not isinstance(one, dict) or "kind" not in one:
            raise ManifestError(f"{source}: a document is no object of Kubernetes: it has no kind")
        if isinstance(one.get("items"), list):
            yield from _objects(one["items"], source)
        elif not isinstance(one.get("metadata"), dict) or not one["metadata"].get("name"):
            raise ManifestError(f"{source}: a {one['kind']} has no name")
        else:
            yield one


def _name(one: Object) -> str:
    return f"{one['kind']} {one['metadata']['name']}"


def _thing(one: Object) -> Thing:
    meta = one["metadata"]
    words = [("a label", f"{key}={value}") for key, value in _labels(one).items()]
    pod = _template(one)
    if pod:
        words += [("a label of its Pods", f"{key}={value}") for key, value in _labels(pod).items()]
    return Thing(
        str(one["kind"]),
        str(meta["name"]),
        str(meta.get("namespace") or ""),
        tuple(words),
    )


def _labels(one: Object) -> dict[str, str]:
    found = (one.get("metadata") or {}).get("labels") or {}
    return {str(key): str(value) for key, value in found.items()}


def _template(one: Object) -> Object | None:
    if one["kind"] == "Pod":
        return one
    if one["kind"] not in _MAKERS:
        return None
    spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
    found: Object = spec["template"]
    return found


def _scaled(objects: list[Object]) -> dict[Place, int]:
    """Give how many Pods each autoscaler begins with."""
    found = {}
    for one in objects:
        if one["kind"] == "HorizontalPodAutoscaler":
            spec = one.get("spec") or {}
            target = spec.get("scaleTargetRef") or {}
            home = str(one["metadata"].get("namespace") or "")
            place = (home, str(target.get("kind")), str(target.get("name")))
            found[place] = int(spec.get("minReplicas") or 1)
    return found


def _workload(thing: Thing, one: Object, scaled: dict[Place, int]) -> Workload:
    pod = _template(one) or one
    spec = pod["spec"]
    containers = (
        *(_container(each, first=True) for each in spec.get("initContainers") or ()),
        *(_container(each, first=False) for each in spec["containers"]),
    )
    chosen = one["spec"].get("selector") if thing.kind not in _WITHOUT_SELECTOR else None
    selector(chosen, "selector")
    hand = str((one["metadata"].get("annotations") or {}).get(BY_HAND, ""))
    return Workload(
        thing,
        _labels(pod),
        chosen,
        str(spec.get("serviceAccountName") or ""),
        containers,
        tuple(_needs(spec)),
        _count(thing, one["spec"], scaled),
        frozenset(part.strip() for part in hand.split(",") if part.strip()),
    )


def _count(thing: Thing, spec: Object, scaled: dict[Place, int]) -> int | None:
    if thing.kind == "DaemonSet":
        return None
    if thing.kind == "Job":
        return int(spec.get("parallelism", 1))
    least = scaled.get((thing.namespace, thing.kind, thing.name), 1)
    return int(spec.get("replicas", least)) if thing.kind != "CronJob" else 1


def _container(one: Object, *, first: bool) -> Container:
    resources = one.get("resources") or {}
    texts = [
        (f"argument {word!r}", str(word))
        for word in (*(one.get("command") or ()), *(one.get("args") or ()))
    ]
    texts += [
        (str(each["name"]), str(each["value"]))
        for each in one.get("env") or ()
        if each.get("value") is not None
    ]
    return Container(
        str(one["name"]),
        str(one.get("image") or ""),
        first,
        tuple(_port(each) for each in one.get("ports") or ()),
        _amounts(resources.get("requests")),
        _amounts(resources.get("limits")),
        tuple(texts),
    )


def _port(one: Object) -> Port:
    return Port(int(one["containerPort"]), str(one.get("name") or ""), one.get("protocol") or "TCP")


def _amounts(told: Object | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (told or {}).items()}


def _needs(spec: Object) -> Iterator[Need]:
    for volume in spec.get("volumes") or ():
        yield from _of_volume(volume)
        for source in (volume.get("projected") or {}).get("sources") or ():
            yield from _of_volume(source)
    for one in (*(spec.get("initContainers") or ()), *spec["containers"]):
        yield from _of_variables(one)
    for one in spec.get("imagePullSecrets") or ():
        yield Need("Secret", str(one["name"]))


def _of_volume(source: Object) -> Iterator[Need]:
    for source_field, kind, names in (
        ("configMap", "ConfigMap", ("name",)),
        ("secret", "Secret", ("secretName", "name")),
    ):
        told = source.get(source_field)
        if told and not told.get("optional"):
            name = next(str(told[key]) for key in names if key in told)
            yield Need(kind, name, frozenset(str(item["key"]) for item in told.get("items") or ()))


def _of_variables(one: Object) -> Iterator[Need]:
    for each in one.get("envFrom") or ():
        for ref, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if (told := each.get(ref)) and not told.get("optional"):
                yield Need(kind, str(told["name"]))
    for each in one.get("env") or ():
        for ref, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            told = (each.get("valueFrom") or {}).get(ref)
            if told and not told.get("optional"):
                yield Need(kind, str(told["name"]), frozenset({str(told["key"])}))


def _service(thing: Thing, spec: Object) -> Service:
    return Service(
        thing,
        {str(key): str(value) for key, value in (spec.get("selector") or {}).items()},
        tuple(
            ServicePort(
                int(one["port"]),
                one.get("targetPort") or int(one["port"]),
                int(one.get("nodePort") or 0),
                one.get("protocol") or "TCP",
            )
            for one in spec.get("ports") or ()
        ),
        headless=spec.get("clusterIP") == "None",
    )
