"""Evidence to hand on: every name has another, the same everywhere, so that the verdict stays.

What kubeadm calls its own (`kube-system`, `kube-dns`) stays as it is: a verdict needs it, and it
tells nothing of anybody. So do ports, tags and digests of images, codes, moments and counts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from meshdoctor.probes.kubernetes import evidence as api
from meshdoctor.probes.mesh import evidence as mesh
from meshdoctor.probes.mesh.bundle import Bundle
from meshdoctor.probes.mesh.trees import Place, changed, words
from meshdoctor.probes.registry import evidence as registry
from meshdoctor.probes.registry.reference import HUB, ImageNameError, parse

_KEPT: Final = frozenset(
    {
        *("kube-system", "kube-public", "kube-dns", "coredns", "default", "kubernetes"),
        *("meshdoctor", "mesh-agent", "svc", "cluster.local", "svc.cluster.local", "docker.io"),
        *("localhost", "127.0.0.1", "::", "::1", "10.96.0.1", "10.96.0.10", ""),
    }
)
"""What every kubeadm cluster has; 10.96.0.1 and .10 are its API and its name server."""

_NAMES: Final[Mapping[Place, str]] = {
    (api.Node, "name"): "node",
    (api.Pod, "namespace"): "namespace",
    (api.Pod, "name"): "pod",
    (api.Pod, "node"): "node",
    (api.Container, "name"): "container",
    (api.Event, "namespace"): "namespace",
    (api.Event, "pod"): "pod",
    (api.Service, "namespace"): "namespace",
    (api.Service, "name"): "service",
    (api.Slice, "namespace"): "namespace",
    (api.Slice, "service"): "service",
    (api.Deployment, "namespace"): "namespace",
    (api.Deployment, "name"): "deployment",
    (mesh.Report, "node"): "node",
    (mesh.Edge, "node"): "node",
    (mesh.Edge, "target"): "target",
    (mesh.Caller, "namespace"): "namespace",
    (mesh.Caller, "pod"): "pod",
    (mesh.Caller, "service"): "service",
    (mesh.Certificate, "target"): "target",
}
"""Fields that hold a name and nothing else, and what to call it."""

_OWNER: Final = (api.Pod, "owner")
_IMAGES: Final = frozenset({(api.Container, "image"), (registry.ImageEvidence, "reference")})
# A folder's path, and the path of a file with credentials: whether there is one is all that counts.
_PATHS: Final = frozenset(
    {(api.KubernetesEvidence, "source"), (registry.ImageEvidence, "credentials")}
)
_PLAIN: Final[frozenset[Place]] = frozenset(
    {
        *((api.Pod, "phase"), (api.Node, "ready"), (api.Node, "platform"), (api.Event, "reason")),
        *((api.Event, "at"), (api.Container, "since"), (api.Container, "waiting")),
        *((api.Ended, "reason"), (api.Port, "name"), (api.ServicePort, "name")),
        *((api.ServicePort, "target"), (registry.ImageEvidence, "digest")),
        *((registry.ImageEvidence, "media_type"), (registry.Entry, "digest")),
        *((registry.Content, "digest"), (registry.Program, "machine")),
    }
)
"""Words that Kubernetes and registries choose, not people; and names of ports."""

_SHORTEST: Final = 3
# Whoever calls a Pod `timeout` keeps that name: checks read the sentences in which it stands.
_SPOKEN: Final = frozenset(
    {
        *("401", "403", "unauthorized", "forbidden", "authorization", "failed", "denied", "such"),
        *("host", "timeout", "refused", "route", "unreachable", "reset", "peer", "exceeded", "not"),
        *("found", "manifest", "unknown", "match", "matching", "for", "platform", "linux", "exec"),
        *(
            "format",
            "error",
            "no",
            "probe",
            "readiness",
            "liveness",
            "startup",
            "connection",
            "connect",
        ),
        *("dial", "tcp", "udp", "lookup", "pull", "image", "amd64", "arm64"),
    }
)
_WELL_KNOWN: Final = re.compile(r"(?:.*\.)?(?:kubernetes|k8s)\.io/.*|k8s-app|app")
_FOREIGN: Final = (
    r"(?P<six>(?<![\w:])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:]))"
    r"|(?P<four>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]))"
    r"|(?P<host>(?<![\w.-])[a-zA-Z0-9](?:[\w-]*[a-zA-Z0-9])?(?:\.[\w-]+)*\.[a-zA-Z]{2,}(?![\w-]))"
)


def redact(bundle: Bundle) -> Bundle:
    """Give every name another.

    Args:
        bundle: any.

    Returns:
        A bundle on which the same faults are found.
    """
    names = _Pseudonyms()
    for place, text in words(bundle):
        names.meet(place, text)
    redactor = _Redactor(names, _pattern(names.known))
    return changed(bundle, redactor.word, redactor.labels)


@dataclass(slots=True)
class _Pseudonyms:
    """Names that were met, and what they are called instead."""

    known: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def of(self, name: str, kind: str) -> str:
        if name in _KEPT or name.lower() in _SPOKEN:
            return name
        if name not in self.known:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.known[name] = _form(kind, self.counts[kind])
        return self.known[name]

    def meet(self, place: Place, text: str) -> None:
        if kind := _NAMES.get(place):
            self.of(text, kind)
        elif place == _OWNER:
            self.of(text.partition("/")[2], "owner")
        elif place in _IMAGES:
            # A check takes the whole name out of a sentence, and its parts may be words.
            self.known.setdefault(text, self.of_image(text))

    def of_image(self, image: str) -> str:
        """Give an image another registry and path; its tag and digest stay."""
        try:
            reference = parse(image)
        except ImageNameError:
            return self.of(image, "image")
        name, _, port = reference.host.partition(":")
        host = name if name == HUB else self.of(name, "host")
        path = self.of(reference.path.removeprefix("library/"), "image")
        said = (f"{host}:{port}" if port else host) if image.startswith(reference.host) else ""
        tag = f":{reference.tag}" if image.partition("@")[0].endswith(f":{reference.tag}") else ""
        digest = f"@{reference.digest}" if reference.digest else ""
        return f"{'/'.join(filter(None, (said, path)))}{tag}{digest}"


@dataclass(frozen=True, slots=True)
class _Redactor:
    names: _Pseudonyms
    pattern: re.Pattern[str]

    def word(self, place: Place, text: str) -> str:
        if place in _PLAIN:
            return text
        if place in _PATHS:
            return text and "redacted"
        if place == _OWNER:
            kind, _, name = text.partition("/")
            return f"{kind}/{self.names.of(name, 'owner')}"
        if place in _IMAGES:
            return self.names.of_image(text)
        kind = _NAMES.get(place, "")
        return self.names.of(text, kind) if kind else self.pattern.sub(self._other, text)

    def labels(self, found: dict[str, str]) -> dict[str, str]:
        return {
            key if _WELL_KNOWN.fullmatch(key) else self.names.of(key, "label"): self.names.of(
                value, "value"
            )
            for key, value in found.items()
        }

    def _other(self, found: re.Match[str]) -> str:
        kind = found.lastgroup or ""
        if kind in {"four", "six"} and not _is_address(found[0]):
            return found[0]  # a time of day, a version
        return self.names.of(found[0], kind)


def _form(kind: str, number: int) -> str:
    if kind == "four":
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    if kind == "six":
        return f"2001:db8::{number:x}"
    return f"host-{number}.invalid" if kind == "host" else f"{kind}-{number}"


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    told = (one for one in names if len(one) >= _SHORTEST)
    exact = "|".join(re.escape(one) for one in sorted(told, key=len, reverse=True))
    own = rf"(?P<name>(?<![a-zA-Z0-9-])(?:{exact})(?![a-zA-Z0-9-]))|" if exact else ""
    return re.compile(own + _FOREIGN)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
