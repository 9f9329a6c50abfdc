"""Would the API take the names? One that it refuses leaves a hole in an overlay that else stands.

Source: the Kubernetes documentation, "Object Names and IDs" and "Labels and Selectors"; for ports
RFC 6335, 5.1.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from meshdoctor.doctor.checks.preflight.asked import Answer, Asked, missing_is
from meshdoctor.doctor.model import Verdict
from meshdoctor.doctor.selectors import selects
from meshdoctor.probes.manifests.evidence import Thing, Workload
from meshdoctor.probes.registry.reference import ImageNameError, parse

_NO_IMAGE: Final = "image-tag-missing"
_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"


@dataclass(frozen=True, slots=True)
class _Rule:
    form: re.Pattern[str]
    longest: int
    words: str

    def holds(self, name: str) -> bool:
        return len(name) <= self.longest and self.form.fullmatch(name) is not None


_SUBDOMAIN: Final = _Rule(
    re.compile(rf"{_LABEL}(\.{_LABEL})*"),
    253,
    "lower case letters, digits, - and ., at most 253, with a letter or digit at both ends",
)
_DNS_LABEL: Final = _Rule(
    re.compile(_LABEL),
    63,
    "lower case letters, digits and -, at most 63, with a letter or digit at both ends",
)
_SERVICE: Final = _Rule(
    re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?"),
    63,
    "lower case letters, digits and -, at most 63, with a letter at the beginning",
)
_CRON_JOB: Final = _Rule(_SUBDOMAIN.form, 52, "at most 52: its Jobs get a number behind it")
_SEGMENT: Final = _Rule(
    re.compile(r"(?!\.\.?$)[^/%]+"), 253, "no / and no %, for it is part of a path"
)
_PORT: Final = _Rule(
    re.compile(r"(?=[0-9-]*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?"),
    15,
    "lower case letters, digits and single -, at most 15, one of them a letter",
)
_VALUE: Final = _Rule(
    re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?"),
    63,
    "letters, digits, -, _ and ., at most 63, with a letter or digit at both ends",
)
_OF_KIND: Final = {
    "Namespace": _DNS_LABEL,
    "Service": _SERVICE,
    "CronJob": _CRON_JOB,
    **dict.fromkeys(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), _SEGMENT),
}


def judge(asked: Asked) -> Verdict:
    """Judge the names of all objects, containers, ports and labels."""
    answer = Answer.none()
    for thing in asked.manifests.things:
        for what, name, rule in _named(thing):
            _hold(answer, thing, what, name, rule)
    for workload in asked.manifests.workloads:
        for what, name, rule in _inside(workload):
            _hold(answer, workload.thing, what, name, rule)
        _hold_images(answer, workload)
        _hold_selector(answer, workload)
    for name, count in Counter(map(str, asked.manifests.things)).items():
        if count > 1:
            answer.unsure(f"{name} stands there {count} times", "one of them: the last one wins")
    count = len(asked.manifests.things)
    return answer.verdict("names", f"the API takes the names of all {count} objects")


def _named(thing: Thing) -> Iterator[tuple[str, str, _Rule]]:
    yield "its name", thing.name, _OF_KIND.get(thing.kind, _SUBDOMAIN)
    if thing.namespace:
        yield "its namespace", thing.namespace, _DNS_LABEL
    for where, words in thing.words:
        yield where, words.partition("=")[2], _VALUE


def _inside(workload: Workload) -> Iterator[tuple[str, str, _Rule]]:
    for one in workload.containers:
        yield "the container", one.name, _DNS_LABEL
        for port in one.ports:
            if port.name:
                yield f"a port of the container {one.name},", port.name, _PORT


def _hold(answer: Answer, thing: Thing, what: str, name: str, rule: _Rule) -> None:
    if not rule.holds(name):
        answer.broken(
            missing_is(thing),
            f"{thing} would be refused: {what} {name!r} is no name that Kubernetes takes",
            (f"{what}: {name!r}", f"wanted: {rule.words}"),
            "correct the name wherever it is used, and render again",
        )


def _hold_images(answer: Answer, workload: Workload) -> None:
    for one in workload.containers:
        try:
            parse(one.image)
        except ImageNameError as error:
            answer.broken(
                _NO_IMAGE,
                f"{workload.thing} could not start: the image of {one.name} has no name",
                (str(error),),
                "correct spec.template.spec.containers[].image",
            )


def _hold_selector(answer: Answer, workload: Workload) -> None:
    if workload.selector is not None and not selects(workload.selector, workload.labels):
        answer.broken(
            missing_is(workload.thing),
            f"{workload.thing} would be refused: its selector does not match its own Pods",
            (f"selector: {workload.selector}", f"labels of its Pods: {workload.labels}"),
            "the labels in spec.template must hold what spec.selector asks for",
        )
