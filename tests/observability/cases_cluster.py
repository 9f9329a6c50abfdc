"""Alerts on Pods and targets: each fires on its fault, and stays silent on what is nearly it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from observability import knobs
from observability.foreign import POD_LAST_ENDED, POD_RESTARTS, POD_WAITING
from observability.model import Severity
from tests.support.alert_cases import Case, Fires, Silent, Times
from tests.support.bookstore import backend, inside, kubernetes, told_of
from tests.support.pods import Span, Target

PULL: Final = ("ImagePullFailing", Severity.PAGE)
CRASHES: Final = ("PodCrashLooping", Severity.PAGE)
MEMORY: Final = ("PodOOMKilled", Severity.TICKET)
ABSENT: Final = ("ServiceAbsent", Severity.PAGE)
DOWN: Final = ("TargetScrapeDown", Severity.PAGE)
SOME_DOWN: Final = ("TargetScrapeDown", Severity.TICKET)

CONTAINER: Final = {"namespace": knobs.NAMESPACE, "container": knobs.RECOMMENDATIONS}
BACKENDS: Final = {"namespace": knobs.NAMESPACE, "job": knobs.RECOMMENDATIONS}
PODS: Final = ("back-1", "back-2")

TWO_MINUTES: Final = Times(silent=115, by=140, ends=20, lasts=240)
Gauge = Callable[[float], float | None]


def waiting(reason: str, value: Gauge) -> tuple[Target, ...]:
    """Two Pods whose container waits."""
    return (kubernetes(*(told_of(POD_WAITING, pod, value, reason=reason) for pod in PODS)),)


def pulling(span: Span) -> tuple[Target, ...]:
    """Two Pods whose image does not come: tried anew every minute, the reason gone meanwhile."""

    def part(begin: int, end: int) -> Gauge:
        return lambda now: (
            1.0 if span[0] <= now < span[1] and begin <= (now - span[0]) % 60 < end else None
        )

    kinds = {"ErrImagePull": part(0, 15), "ImagePullBackOff": part(15, 50)}
    return (
        kubernetes(
            *(
                told_of(POD_WAITING, pod, value, reason=reason)
                for pod in PODS
                for reason, value in kinds.items()
            )
        ),
    )


def killed(second: float, reason: str) -> tuple[Target, ...]:
    """One Pod whose container ends once, and is started again."""
    restarts = told_of(POD_RESTARTS, "back-1", lambda now: float(now >= second))
    ended = told_of(POD_LAST_ENDED, "back-1", inside((second, 1e9)), reason=reason)
    return (kubernetes(restarts, ended),)


def backends(*silent: Span, fine: int = 0) -> tuple[Target, ...]:
    """Two backends whose scrapes fail within the spans, and others that are fine."""
    broken = (replace(backend(name), silent=silent) for name in PODS)
    return (*broken, *(backend(f"fine-{number}") for number in range(fine)))


def gone(span: Span) -> tuple[Target, ...]:
    """Two backends that leave, and two others that come."""
    old = (replace(backend(name), dies=span[0]) for name in PODS)
    return (*old, *(replace(backend(f"new-{name}"), born=span[1]) for name in PODS))


def probers(span: Span) -> tuple[Target, ...]:
    """Two probers whose scrapes fail within a span."""
    return tuple(
        Target(knobs.AGENT, f"agent-{number}", silent=(span,), placed={"namespace": "monitoring"})
        for number in (1, 2)
    )


def absent(
    story: str, world: Callable[[Span], tuple[Target, ...]], pages: tuple[str, ...]
) -> Fires:
    """The page on a service of which nothing is up."""
    return Fires(
        ABSENT,
        story,
        world,
        TWO_MINUTES,
        {**BACKENDS, "rank": "absence", "layer": "app"},
        "Nothing of bookstore/recommendations is up",
        "No Pod of bookstore/recommendations can be scraped; 2 were up within the last hour.",
        "mesh-overview",
        pages=pages,
    )


FIRING: Final = (
    Fires(
        PULL,
        "two Pods cannot pull their image",
        pulling,
        Times(silent=35, by=60, ends=40, lasts=90),
        {**CONTAINER, "rank": "cluster", "layer": "image"},
        "The image of bookstore/recommendations cannot be pulled",
        "2 Pods of bookstore/recommendations wait for their image. Their events name the reason: "
        "the platform, the tag, credentials, or the way to the registry.",
        "mesh-overview",
        pages=(PULL[0],),
    ),
    Fires(
        CRASHES,
        "two Pods end soon after each start",
        lambda span: waiting("CrashLoopBackOff", inside(span)),
        Times(silent=295, by=320, ends=80, lasts=400),
        {**CONTAINER, "rank": "cluster", "layer": "app"},
        "bookstore/recommendations ends again and again",
        "2 Pods of bookstore/recommendations end soon after each start. The log of the container "
        "before says why; `exec format error` means an image for another platform.",
        "mesh-runtime",
        pages=(CRASHES[0],),
    ),
    Fires(
        MEMORY,
        "one Pod passes its memory limit",
        lambda span: killed(span[0] + 1, "OOMKilled"),
        Times(silent=0, by=10, ends=600, lasts=10),
        {**CONTAINER, "pod": "back-1", "rank": "cluster", "layer": "app"},
        "bookstore/back-1 needed more memory than it may have",
        "recommendations was restarted 1 times within 10 min, the last time because it passed its "
        "memory limit.",
        "mesh-runtime",
    ),
    absent("all backends leave", gone, (ABSENT[0],)),
    replace(
        absent("all backends have been gone for more than an hour", gone, (ABSENT[0],)),
        times=replace(TWO_MINUTES, by=3720, lasts=3750),
        description="No Pod of bookstore/recommendations can be scraped; 0 were up within the last "
        "hour.",
    ),
    absent("all backends fall silent", backends, (ABSENT[0], DOWN[0])),
    Fires(
        DOWN,
        "all probers fall silent",
        probers,
        TWO_MINUTES,
        {"namespace": "monitoring", "job": knobs.AGENT, "rank": "absence", "layer": "watch"},
        "Targets of monitoring/mesh-agent cannot be scraped",
        "2 targets of monitoring/mesh-agent do not answer Prometheus. None of the others is up.",
        "mesh-runtime",
        pages=(DOWN[0],),
    ),
    Fires(
        SOME_DOWN,
        "two backends of three fall silent",
        lambda span: backends(span, fine=1),
        TWO_MINUTES,
        {**BACKENDS, "rank": "absence", "layer": "watch"},
        "Targets of bookstore/recommendations cannot be scraped",
        "2 targets of bookstore/recommendations do not answer Prometheus. Others of the job are "
        "up.",
        "mesh-runtime",
    ),
)

SILENT: Final = (
    Silent(
        (PULL,),
        "an image comes at the third try",
        waiting("ImagePullBackOff", inside((60, 100))),
        400,
    ),
    Silent(
        (PULL, CRASHES),
        "containers are being created",
        waiting("ContainerCreating", inside((60, 900))),
        900,
    ),
    Silent(
        (CRASHES,),
        "a container ends twice at its start",
        waiting("CrashLoopBackOff", inside((60, 90))),
        600,
    ),
    Silent((MEMORY,), "a container ends with an error", killed(60, "Error"), 900),
    Silent((ABSENT, DOWN), "all backends are replaced within 90 s", gone((60, 150)), 400),
    Silent(
        (ABSENT, DOWN, SOME_DOWN),
        "scrapes fail for 100 s, twice",
        backends((60, 160), (200, 300)),
        600,
    ),
    Silent((ABSENT, DOWN), "one backend of three is up", backends((60, 600), fine=1), 600),
)

CASES: Final[tuple[Case, ...]] = (*FIRING, *SILENT)
