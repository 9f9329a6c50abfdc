"""What there is to ask, learned from the API every half a minute, and remembered without it."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from meshdoctor.agent.api import Api, ApiError
from meshdoctor.agent.knowledge import DNS_ADDRESS, Knowledge
from meshdoctor.agent.learning import Learning, Wanted
from meshdoctor.agent.memory import Memory

SECONDS: Final = 30.0
"""Between two visits to the API, more or less: agents that began at once drift apart."""

AGAIN_SECONDS: Final = 5.0
"""The same while the API is gone."""

_DRIFT: Final = 0.2
_MINUTE: Final = 60.0


class Discovery:
    """A source that asks a Kubernetes API.

    Args:
        api: to ask.
        wanted: what to learn.
        memory: for the time without an API.
        dns_address: of cluster DNS until the API has said it.
        seconds: between two visits.
    """

    def __init__(
        self,
        api: Api,
        wanted: Wanted,
        memory: Memory,
        dns_address: str = DNS_ADDRESS,
        seconds: float = SECONDS,
    ) -> None:
        self._api = api
        self._memory = memory
        self._seconds = seconds
        self._learning = Learning(api, wanted)
        self._known = _first(memory.recall(wanted.node), api, wanted, dns_address)
        self._told: tuple[str, ...] = ()
        self._gone = "the API has not answered yet"
        api.learn(self._known.api[1:])

    def knowledge(self) -> Knowledge:
        """Give what is known now."""
        return self._known

    def gaps(self) -> Sequence[str]:
        """Say what could not be learned the last time, and how old what is known is then."""
        told = list(self._told)
        if self._gone:
            told.append(f"{self._gone}; {_age(self._known.learned)}")
        if self._memory.gap:
            told.append(self._memory.gap)
        return told

    async def run(self) -> None:
        """Learn until cancelled."""
        while True:
            await asyncio.to_thread(self.refresh)
            seconds = min(AGAIN_SECONDS, self._seconds) if self._gone else self._seconds
            await asyncio.sleep(seconds * random.uniform(1 - _DRIFT, 1 + _DRIFT))  # noqa: S311 - no secret

    def refresh(self) -> None:
        """Visit the API once. It takes seconds when that is silent: call it in a thread."""
        try:
            learned = self._learning.learn(self._known)
        except ApiError as error:
            self._gone, self._told = str(error), ()
            return
        self._known, self._told, self._gone = learned.knowledge, learned.gaps, ""
        self._memory.keep(learned.knowledge)


def _first(recalled: Knowledge | None, api: Api, wanted: Wanted, dns_address: str) -> Knowledge:
    known = recalled or Knowledge(wanted.node, dns_address=dns_address)
    # Where the API is and what is asked for may have changed meanwhile, by the Pod's settings.
    return replace(known, api=(*api.roads, *known.api[1:]), name=wanted.name)


def _age(learned: float) -> str:
    if not learned:
        return "nothing is known of the cluster"
    seconds = max(0.0, time.time() - learned)
    if seconds < 2 * _MINUTE:
        return f"what is known of the cluster is {seconds:.0f} s old"
    return f"what is known of the cluster is {seconds / _MINUTE:.0f} min old"
