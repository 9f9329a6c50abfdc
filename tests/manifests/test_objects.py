"""What must hold for every object of every overlay, whatever it is."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest
import yaml

from k8s.render import overlays
from tests.support.manifests import OVERLAYS, ROOT, Manifest, Overlay, pods

# `kubectl apply` keeps what it sent in an annotation, so that the next one can tell what to remove,
# and the API takes 256 KiB of annotations: a larger object can be made once, and only by create.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MOST_ANNOTATIONS = 262_144

# Made by hand, and where that is written.
MADE_ELSEWHERE = {("monitoring", "Secret", "grafana-admin"): "docs/monitoring.md"}

# Kubernetes itself puts it into every namespace.
ROOT_CERTIFICATE = ("ConfigMap", "kube-root-ca.crt")

OURS = {"marketplace", "recommendations", "toolbox"}

NO_NAMESPACE = {"Namespace", "ClusterRole", "ClusterRoleBinding"}
KUBERNETES_OWN = {"kube-system", "default"}
READS = {"Role", "RoleBinding"}

everywhere = pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda one: one.name)


def place(one: Manifest) -> str:
    """Name an object so that it is found."""
    meta = one["metadata"]
    return f"{one['kind']} {meta.get('namespace', '')}/{meta['name']}"


def in_annotations(one: Manifest) -> int:
    """Count the bytes of an object's annotations after `kubectl apply`."""
    annotations = one["metadata"].get("annotations", {})
    whole = json.dumps(one, separators=(",", ":"), ensure_ascii=False)
    kept = {**annotations, LAST_APPLIED: f"{whole}\n"}
    return sum(len(key.encode()) + len(text.encode()) for key, text in kept.items())


def containers(pod: Manifest) -> list[Manifest]:
    """Give all containers of a Pod, those that come first included."""
    spec = pod["spec"]
    return [*spec.get("initContainers", ()), *spec["containers"]]


def listed() -> list[Manifest]:
    """Give the entries of the one list of images."""
    text = (ROOT / "k8s/images/kustomization.yaml").read_text("utf-8")
    entries: list[Manifest] = yaml.safe_load(text)["images"]
    return entries


def reference(entry: Manifest) -> str:
    """Give what kustomize writes for an entry."""
    tag = f":{entry['newTag']}" if "newTag" in entry else ""
    return f"{entry['newName']}{tag}" + (f"@{entry['digest']}" if "digest" in entry else "")


def named(overlay: Overlay) -> set[str]:
    """Give the images of an overlay."""
    return {one["image"] for pod in pods(overlay).values() for one in containers(pod)}


@everywhere
def test_every_object_can_be_applied_twice(overlay: Overlay) -> None:
    """No object is too large for the annotation in which kubectl keeps it."""
    sizes = {place(one): in_annotations(one) for one in overlay.objects}

    assert {} == {name: size for name, size in sizes.items() if size > MOST_ANNOTATIONS}


@everywhere
def test_no_two_objects_are_one(overlay: Overlay) -> None:
    """Each has a place of its own: a second one would silently win over the first."""
    assert [] == [name for name, count in Counter(map(place, overlay.objects)).items() if count > 1]


@everywhere
def test_every_image_stands_in_the_one_list(overlay: Overlay) -> None:
    """Manifests name plain words, and what they became has a version: never none, never latest."""
    assert named(overlay) <= set(map(reference, listed()))
    assert all(re.search(r":(?!latest\b)[\w.-]+(@|$)|@sha256:", one) for one in named(overlay))


def test_the_list_has_no_image_that_nothing_runs() -> None:
    """Each is in an overlay."""
    run = set().union(*map(named, OVERLAYS))

    assert [] == [one["name"] for one in listed() if reference(one) not in run]


def test_the_sources_of_the_tags_are_told() -> None:
    """docs/versions.md has each image of others with the tag of the list."""
    text = (ROOT / "docs/versions.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\S+/\S+)` \| `(\S+)` \|", text, re.MULTILINE)

    assert sorted(rows) == sorted(
        (one["newName"], one["newTag"]) for one in listed() if one["name"] not in OURS
    )


@everywhere
def test_every_image_is_asked_for_alike(overlay: Overlay) -> None:
    """The registry has the last word, but where the nodes have the images and no registry has."""
    told = {one["imagePullPolicy"] for pod in pods(overlay).values() for one in containers(pod)}

    assert {"IfNotPresent" if overlay.name == "kind" else "Always"} == told


@everywhere
def test_every_object_has_its_namespace(overlay: Overlay) -> None:
    """What is applied at once makes its namespaces itself; of Kubernetes' own it only reads."""
    made = {one["metadata"]["name"] for one in overlay.of("Namespace")}
    for one in overlay.objects:
        namespace = one["metadata"].get("namespace")
        if namespace in KUBERNETES_OWN:
            assert one["kind"] in READS, place(one)
        elif one["kind"] in NO_NAMESPACE:
            assert namespace is None, place(one)
        else:
            assert namespace in made, place(one)


@everywhere
def test_every_port_of_the_nodes_is_taken_once(overlay: Overlay) -> None:
    """Two Services with one NodePort: the second would be refused, and half a mesh stands."""
    taken = Counter(
        port["nodePort"]
        for one in overlay.of("Service")
        for port in one["spec"]["ports"]
        if "nodePort" in port
    )

    assert all(count == 1 and 30_000 <= port < 32_768 for port, count in taken.items())


def needed(pod: Manifest) -> Iterator[tuple[str, str, set[str]]]:
    """Give each ConfigMap and Secret that a Pod cannot start without, with the keys it names."""
    for volume in pod["spec"].get("volumes", ()):
        for source in (volume, *volume.get("projected", {}).get("sources", ())):
            yield from _needed_by_volume(source)
    for one in containers(pod):
        yield from _needed_by_variables(one)


def _needed_by_volume(source: Manifest) -> Iterator[tuple[str, str, set[str]]]:
    for field, kind, name in (
        ("configMap", "ConfigMap", "name"),
        ("secret", "Secret", "secretName"),
        ("secret", "Secret", "name"),
    ):
        told = source.get(field, {})
        if name in told and not told.get("optional"):
            yield kind, told[name], {item["key"] for item in told.get("items", ())}


def _needed_by_variables(container: Manifest) -> Iterator[tuple[str, str, set[str]]]:
    for one in container.get("envFrom", ()):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if field in one:
                yield kind, one[field]["name"], set()
    for one in container.get("env", ()):
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if told := one.get("valueFrom", {}).get(field):
                yield kind, told["name"], {told["key"]}


@everywhere
def test_every_pod_finds_what_it_mounts(overlay: Overlay) -> None:
    """Each ConfigMap and Secret is in the overlay with its keys, or its making is documented."""
    there = {
        (one["metadata"].get("namespace"), one["kind"], one["metadata"]["name"]): {
            *one.get("data", ()),
            *one.get("binaryData", ()),
            *one.get("stringData", ()),
        }
        for one in overlay.objects
        if one["kind"] in {"ConfigMap", "Secret"}
    }
    made = {
        (one["metadata"]["namespace"], "Secret", one["spec"]["secretName"])
        for one in overlay.of("Certificate")
    }
    for name, pod in pods(overlay).items():
        namespace = name.split(" ")[1].partition("/")[0]
        for kind, wanted, keys in needed(pod):
            key = (namespace, kind, wanted)
            if key not in {*MADE_ELSEWHERE, *made} and (kind, wanted) != ROOT_CERTIFICATE:
                assert key in there, f"{name} needs {kind} {wanted}"
                assert keys <= there[key], f"{name} needs {keys} of {kind} {wanted}"


@pytest.mark.parametrize(("key", "page"), MADE_ELSEWHERE.items())
def test_what_is_made_by_hand_is_documented(key: tuple[str, str, str], page: str) -> None:
    """A Secret that no overlay has is named by the page that says how to make it."""
    assert key[-1] in (ROOT / page).read_text("utf-8")


@everywhere
def test_every_account_and_role_is_there(overlay: Overlay) -> None:
    """Pods run under accounts of the overlay, and bindings bind what is in it."""
    accounts = {
        (one["metadata"]["namespace"], one["metadata"]["name"])
        for one in overlay.of("ServiceAccount")
    }
    roles = {
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in (*overlay.of("Role"), *overlay.of("ClusterRole"))
    }
    for name, pod in pods(overlay).items():
        namespace = name.split(" ")[1].partition("/")[0]
        assert (namespace, pod["spec"].get("serviceAccountName")) in accounts, name
    for one in (*overlay.of("RoleBinding"), *overlay.of("ClusterRoleBinding")):
        told = one["roleRef"]
        home = one["metadata"].get("namespace") if told["kind"] == "Role" else None
        assert (told["kind"], home, told["name"]) in roles, place(one)
        for subject in one["subjects"]:
            assert (subject["namespace"], subject["name"]) in accounts, place(one)


def test_every_overlay_is_documented() -> None:
    """The table of docs/overlays.md has them all, and none that is gone."""
    text = (ROOT / "docs/overlays.md").read_text("utf-8")

    rows = re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE)
    assert sorted(one.name for one in overlays()) == sorted(rows)
