"""Alerts on what Kubernetes says of the Pods, and on what cannot be scraped."""

from typing import Final

from meshdoctor.faults import Layer
from observability import knobs
from observability.causes import WHERE
from observability.foreign import POD_LAST_ENDED, POD_RESTARTS, POD_WAITING, UP, Source
from observability.model import Alert, Rank, Severity
from observability.promql import duration, select, total
from observability.troubles import PLACE

_OURS: Final = f'namespace="{knobs.NAMESPACE}"'
_SERVICES: Final = (knobs.MARKETPLACE, knobs.RECOMMENDATIONS)
_WATCHED: Final = (*_SERVICES, knobs.AGENT, knobs.COREDNS)
_CONTAINER: Final = "{{ $labels.namespace }}/{{ $labels.container }}"
_NOT_PULLED: Final = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
)
"""Why a container waits when its image is not there (Kubernetes, pkg/kubelet/images)."""


def alerts() -> tuple[Alert, ...]:
    """Return the alerts, those that explain first."""
    return (_image(), _crash_loop(), _killed_for_memory(), _service_absent(), *_scrapes())


def _waiting(reasons: str) -> str:
    # While the kubelet tries again the reason is gone for a moment: look back.
    series = select(POD_WAITING, _OURS, f'reason=~"{reasons}"')
    pods = f"max by (namespace, pod, container) (max_over_time({series}[1m])) > 0"
    return f"count by (namespace, container) (\n{pods}\n)"


def _pulls() -> str:
    series = select(POD_WAITING, _OURS, f'reason=~"{"|".join(_NOT_PULLED)}"')
    pods = f"max by (namespace, pod, container) ({series})"
    # Looked at again at the rules' own pace, however seldom kube-state-metrics is scraped.
    looks = f"{duration(knobs.PERSISTENCE.window - 1)}:{duration(knobs.EVALUATE_SECONDS)}"
    seen = f"sum_over_time({pods}[{looks}]) >= {knobs.PULLS_SEEN}"
    return f"count by (namespace, container) (\n{seen}\n)"


def _image() -> Alert:
    return Alert(
        name="ImagePullFailing",
        family="ImagePullFailing",
        expression=_pulls(),
        severity=Severity.PAGE,
        rank=Rank.CLUSTER,
        layer=Layer.IMAGE,
        summary=f"The image of {_CONTAINER} cannot be pulled",
        description=(
            f"{{{{ $value }}}} Pods of {_CONTAINER} wait for their image. Their events name the "
            "reason: the platform, the tag, credentials, or the way to the registry."
        ),
        dashboard="mesh-overview",
        faults=(
            "image-platform-missing",
            "image-tag-missing",
            "image-registry-refuses",
            "image-registry-unreachable",
        ),
        source=Source.CLUSTER,
    )


def _crash_loop() -> Alert:
    return Alert(
        name="PodCrashLooping",
        family="PodCrashLooping",
        expression=_waiting("CrashLoopBackOff"),
        severity=Severity.PAGE,
        rank=Rank.CLUSTER,
        layer=Layer.APP,
        summary=f"{_CONTAINER} ends again and again",
        description=(
            f"{{{{ $value }}}} Pods of {_CONTAINER} end soon after each start. The log of the "
            "container before says why; `exec format error` means an image for another platform."
        ),
        dashboard="mesh-runtime",
        hold="5m",
        faults=("app-crash-loop", "image-platform-wrong", "image-config-mismatch"),
        source=Source.CLUSTER,
    )


def _killed_for_memory() -> Alert:
    container = ("namespace", "pod", "container")
    restarts = total(f"increase({select(POD_RESTARTS, _OURS)}[10m])", *container)
    ended = select(POD_LAST_ENDED, _OURS, 'reason="OOMKilled"')
    return Alert(
        name="PodOOMKilled",
        family="PodOOMKilled",
        expression=f"{restarts} > 0\nand on ({', '.join(container)}) {ended} == 1",
        severity=Severity.TICKET,
        rank=Rank.CLUSTER,
        layer=Layer.APP,
        summary="{{ $labels.namespace }}/{{ $labels.pod }} needed more memory than it may have",
        description=(
            "{{ $labels.container }} was restarted {{ $value | humanize }} times within 10 min, "
            "the last time because it passed its memory limit."
        ),
        dashboard="mesh-runtime",
        source=Source.CLUSTER,
    )


def _service_absent() -> Alert:
    targets = select(UP, f'job=~"{"|".join(_SERVICES)}"')
    # Up within the hour and gone, or never known at all: then no label can tell where.
    gone = (
        f"count by ({', '.join(PLACE)}) (max_over_time({targets}[1h]) == 1)\n"
        f"unless on ({', '.join(PLACE)}) {targets} == 1"
    )
    one_by_one = (select(UP, f'job="{job}"') for job in _SERVICES)
    never = " or ".join(f"absent({one})" for one in one_by_one)
    return Alert(
        name="ServiceAbsent",
        family="ServiceAbsent",
        expression=(
            f"({gone})\n"
            f'or on (job) label_replace(({never}) * 0, "namespace", "{knobs.NAMESPACE}", "", "")'
        ),
        severity=Severity.PAGE,
        rank=Rank.ABSENCE,
        layer=Layer.APP,
        summary=f"Nothing of {WHERE} is up",
        description=(
            f"No Pod of {WHERE} can be scraped; {{{{ $value }}}} were up within the last hour."
        ),
        dashboard="mesh-overview",
        hold="2m",
    )


def _scrapes() -> tuple[Alert, ...]:
    targets = select(UP, f'job=~"{"|".join(_WATCHED)}"')
    down = f"count by ({', '.join(PLACE)}) ({targets} == 0)"
    some_up = f"on ({', '.join(PLACE)}) {targets} == 1"
    return (
        _scrape_down(f"{down}\nunless {some_up}", Severity.PAGE, "None of the others is up."),
        _scrape_down(f"{down}\nand {some_up}", Severity.TICKET, "Others of the job are up."),
    )


def _scrape_down(promql: str, severity: Severity, others: str) -> Alert:
    return Alert(
        name="TargetScrapeDown",
        family="TargetScrapeDown",
        expression=promql,
        severity=severity,
        rank=Rank.ABSENCE,
        layer="watch",
        summary=f"Targets of {WHERE} cannot be scraped",
        description=f"{{{{ $value }}}} targets of {WHERE} do not answer Prometheus. {others}",
        dashboard="mesh-runtime",
        hold="2m",
    )
