"""What was seen, written where the doctor reads it: a ConfigMap of the node, by the API.

Node to API is the road that works longest: the kubelets need it. A round never waits for it. The
newest report waits in a place of its own, and what came before it and was not written is forgotten.
"""

import asyncio
import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from meshdoctor.agent.api import Api, ApiError
from meshdoctor.probes.mesh.evidence import HEARTBEAT_SECONDS, Answer, Caller, Report
from meshdoctor.probes.mesh.files import KEY, LABELS, config_map, dump

LONGEST: Final = 256 * 1024
"""Bytes of a report; a ConfigMap may have four times as many, with all that is in it."""

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 10.0
_DRIFT: Final = 0.2
_FIRST: Final = 3
_WORDS: Final = 100
_MOST: Final = 100
_FEW: Final = 10
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written last.

    Attributes:
        sign: of the report.
        at: when, by the monotonic clock.
    """

    sign: object
    at: float


class Writing:
    """A sink that writes to a Kubernetes API.

    Args:
        api: to write to.
        node: of the agent.
        namespace: of the agents.
        heartbeat: seconds after which a report is written though it says nothing new.
    """

    def __init__(
        self, api: Api, node: str, namespace: str, heartbeat: float = HEARTBEAT_SECONDS
    ) -> None:
        self._api = api
        self._name = config_map(node)
        self._path = f"/api/v1/namespaces/{namespace}/configmaps"
        self._heartbeat = heartbeat
        self._newest: Report | None = None
        self._came = asyncio.Event()
        self._last = Written(None, float("-inf"))
        self._gap = ""

    def take(self, report: Report) -> None:
        """Take the report of a round, to be written as soon as that is worth it."""
        self._newest = report
        self._came.set()

    def gaps(self) -> Sequence[str]:
        """Say why the last report was not written."""
        return (self._gap,) if self._gap else ()

    async def run(self) -> None:
        """Write until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            await self._came.wait()
            self._came.clear()
            report = self._newest
            if report is None or not self.due(report):
                continue
            if await asyncio.to_thread(self.write, report):
                pause = _FIRST_PAUSE
            else:
                await asyncio.sleep(pause * random.uniform(1 - _DRIFT, 1 + _DRIFT))  # noqa: S311 - no secret
                pause = min(2 * pause, _LONGEST_PAUSE)
                self._came.set()  # the newest that there is by now

    def due(self, report: Report) -> bool:
        """Say whether a report is worth writing: it says something new, or it is time.

        While anything has just gone wrong each round is: whoever compares what several agents saw
        has to know what still works since then. What is wrong for good, such as a port that a
        firewall keeps shut, is no news after two heartbeats: 100 agents would keep the API busy.

        Args:
            report: the newest.
        """
        # The next round may come a little late, and this one would be told as silence then.
        late = time.monotonic() - self._last.at > self._heartbeat - report.interval / 2
        return late or self._fresh(report) or sign(report) != self._last.sign

    def _fresh(self, report: Report) -> bool:
        oldest = report.at - 2 * self._heartbeat
        return any(one.answer is not Answer.OK and one.since > oldest for one in report.sightings)

    def write(self, report: Report) -> bool:
        """Write a report; whether that worked. It takes seconds when the API is silent.

        Args:
            report: any.
        """
        try:
            self._send(dump_within(report, LONGEST))
        except ApiError as error:
            self._gap = f"the report could not be written: {error}"
            return False
        self._gap = ""
        self._last = Written(sign(report), time.monotonic())
        return True

    def _send(self, text: str) -> None:
        named = {"name": self._name, "labels": LABELS}
        with self._api.visit() as visit:
            visit.apply(
                f"{self._path}/{self._name}",
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": {KEY: text}},
            )


def sign(report: Report) -> object:
    """Give what of a report is news when it changes: answers and words, no times.

    Of counts it is only how large they are.

    Args:
        report: any.
    """
    return (
        frozenset((one.edge, one.answer) for one in report.sightings),
        frozenset(_telling(one) for one in report.callers),
        frozenset(report.certificates),
        frozenset(_NUMBER.sub("", gap) for gap in report.gaps),
    )


def dump_within(report: Report, longest: int) -> str:
    """Write a report, and leave out what it can do without when it is too long.

    Args:
        report: any.
        longest: in bytes.
    """
    text = dump(report)
    for shorter in (_with_fewer_words, _without_history, _without_callers, _with_less):
        if len(text.encode()) <= longest:
            break
        report = shorter(report)
        text = dump(report)
    return text


def _telling(caller: Caller) -> object:
    failed = {key: count for key, count in (caller.lookups or {}).items() if key}
    return (
        caller.pod,
        caller.service,
        bool(caller.words),
        _sizes(caller.causes or {}),
        _sizes(failed),
    )


def _sizes(counts: Mapping[str, int]) -> frozenset[tuple[str, int, int]]:
    """Give how large each count is: the first few failures are news, then twice as many each time.

    The doctor believes no single one, and three of them.
    """
    return frozenset(
        (key, min(count, _FIRST), count.bit_length()) for key, count in counts.items() if count
    )


def _with_fewer_words(report: Report) -> Report:
    return replace(
        report,
        sightings=tuple(replace(one, words=one.words[:_WORDS]) for one in report.sightings),
        callers=tuple(replace(one, words=one.words[:_WORDS]) for one in report.callers),
        certificates=tuple(
            replace(one, subject=one.subject[:_WORDS]) for one in report.certificates
        ),
        gaps=tuple(one[:_WORDS] for one in report.gaps[:_MOST]),
    )


def _without_history(report: Report) -> Report:
    sightings = tuple(replace(one, answers=()) for one in report.sightings)
    gap = "the report was too long: of each answer only the last is in it"
    return replace(report, sightings=sightings, gaps=(*report.gaps, gap))


def _without_callers(report: Report) -> Report:
    gap = "the report was too long: what services tell of themselves is not in it"
    return replace(report, callers=(), gaps=(*report.gaps, gap))


def _with_less(report: Report) -> Report:
    """Keep a share of each: an agent has a few dozen edges, so this is no report of ours."""
    kept = tuple(replace(one, words="") for one in report.sightings[:_MOST])
    gap = f"the report was too long: {len(report.sightings) - len(kept)} answers are not in it"
    return replace(
        report,
        sightings=kept,
        certificates=report.certificates[:_MOST],
        gaps=(gap, *report.gaps[:_FEW]),
    )
