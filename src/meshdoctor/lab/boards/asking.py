"""Asks Prometheus what the panels ask, all at once and within a bounded time."""

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

from meshdoctor.lab.boards.model import Panel, Target
from meshdoctor.lab.boards.window import Window, expand
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.promquery import Curve, Exemplar, Prometheus
from meshdoctor.lab.report.numbers import finite

_AT_ONCE: Final = 4
PATIENCE_SECONDS: Final = 1.5
"""For all questions of a page together; what is not answered by then is said to be late."""

Found = TypeVar("Found", Curve, Exemplar)

_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its name in the legend, one value or None for each moment, whose it is."""

    name: str
    labels: Mapping[str, str]
    values: tuple[float | None, ...]
    ref: str = ""

    @property
    def known(self) -> tuple[float, ...]:
        """The values that are there."""
        return tuple(value for value in self.values if value is not None)


@dataclass(frozen=True, slots=True)
class Dot:
    """One exemplar: a value (the metric's unit) at a Unix second, and the trace it leads to."""

    at: float
    value: float
    trace_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a panel got.

    Attributes:
        series: in the order of the panel's targets.
        dots: exemplars.
        problem: why something is missing; empty when all was answered.
    """

    series: tuple[Series, ...] = ()
    dots: tuple[Dot, ...] = ()
    problem: str = ""


class Asking:
    """Questions on their way to Prometheus, each asked once, however many panels ask it."""

    def __init__(self, prometheus: Prometheus, seen: Window, pool: Executor) -> None:
        self._prometheus = prometheus
        self._seen = seen
        self._pool = pool
        self._curves: dict[tuple[str, bool], Future[tuple[Curve, ...]]] = {}
        self._exemplars: dict[str, Future[tuple[Exemplar, ...]]] = {}

    @property
    def futures(self) -> list[Future[Any]]:
        """Everything that was asked."""
        return [*self._curves.values(), *self._exemplars.values()]

    def curves(self, target: Target) -> Future[tuple[Curve, ...]]:
        """Ask for the series of a target; ValueError when its variables are not known."""
        text, seen = expand(target.expression, self._seen), self._seen
        if (text, target.instant) not in self._curves:
            start = seen.end if target.instant else seen.start
            self._curves[text, target.instant] = self._pool.submit(
                self._prometheus.range, text, start, seen.end, seen.step
            )
        return self._curves[text, target.instant]

    def exemplars(self, target: Target) -> Future[tuple[Exemplar, ...]]:
        """Ask for the exemplars of a target; raises likewise."""
        text, seen = expand(target.expression, self._seen), self._seen
        if text not in self._exemplars:
            self._exemplars[text] = self._pool.submit(
                self._prometheus.exemplars, text, seen.start, seen.end
            )
        return self._exemplars[text]


def ask(
    prometheus: Prometheus,
    panels: Iterable[Panel],
    seen: Window,
    patience: float = PATIENCE_SECONDS,
) -> tuple[Answer, ...]:
    """Ask everything that panels ask, side by side.

    Args:
        prometheus: whom.
        panels: of one dashboard, or of several.
        seen: from when to when.
        patience: seconds for all of it.

    Returns:
        An answer for each panel, in their order. Nothing is raised: what went wrong is told in
        the answers.
    """
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        asking = Asking(prometheus, seen, pool)
        pending = [[_Pending.of(target, asking) for target in panel.targets] for panel in panels]
        wait(asking.futures, timeout=patience)
        return tuple(_answer(each, seen) for each in pending)
    finally:
        # Nobody waits for a late one: its own timeout ends it.
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A target that was asked, or why it could not be."""

    target: Target
    curves: Future[tuple[Curve, ...]] | None = None
    exemplars: Future[tuple[Exemplar, ...]] | None = None
    problem: str = ""

    @classmethod
    def of(cls, target: Target, asking: Asking) -> Self:
        try:
            exemplars = asking.exemplars(target) if target.exemplars else None
            return cls(target, asking.curves(target), exemplars)
        except ValueError as error:
            return cls(target, problem=str(error))


def _answer(pending: Iterable[_Pending], seen: Window) -> Answer:
    series: list[Series] = []
    dots: list[Dot] = []
    problems: list[str] = []
    for each in pending:
        curves, problem = _result(each.curves)
        exemplars, _ = _result(each.exemplars)
        problems.append(each.problem or problem)
        series.extend(_series(curve, each.target, seen) for curve in curves)
        dots.extend(_dots(exemplars))
    return Answer(tuple(series), tuple(dots), next(filter(None, problems), ""))


def _result(future: Future[tuple[Found, ...]] | None) -> tuple[tuple[Found, ...], str]:
    if future is None:
        return (), ""
    try:
        return future.result(timeout=0), ""
    except (TimeoutError, CancelledError):
        return (), "Prometheus did not answer in time"
    except LabError as error:
        return (), str(error)


def _series(curve: Curve, target: Target, seen: Window) -> Series:
    """Put the points of a curve at the moments of the window; a missing one leaves a gap."""
    points = {round(at * 1000): finite(value) for at, value in curve.points}
    values = tuple(points.get(round(at * 1000)) for at in seen.moments)
    return Series(_name(curve.labels, target.legend), curve.labels, values, target.ref)


def _name(labels: Mapping[str, str], legend: str) -> str:
    if legend:
        return _LABEL.sub(lambda match: labels.get(match.group(1), ""), legend).strip()
    own = {key: value for key, value in labels.items() if key != "__name__"}
    return ", ".join(f"{key}={value}" for key, value in own.items())


def _dots(exemplars: Iterable[Exemplar]) -> Iterator[Dot]:
    for each in exemplars:
        if (trace := each.labels.get("trace_id")) and (value := finite(each.value)) is not None:
            yield Dot(each.at, value, trace)
