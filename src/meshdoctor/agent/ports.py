"""What an agent needs of the world beside its probes: where it learns, and where it tells.

Each has a `run` that the agent keeps going in a task of its own until it ends. It must outlive
everything: an API that is gone, one that talks nonsense, a full disk. What is wrong is told by
`gaps`, not raised.
"""

from collections.abc import Sequence
from typing import Protocol

from meshdoctor.agent.knowledge import Knowledge, Place
from meshdoctor.probes.mesh.evidence import Caller, Report


class Source(Protocol):
    """Gives what is known of the cluster."""

    def knowledge(self) -> Knowledge:
        """Give what is known now, at once and without asking: remembered while the API is gone."""

    def gaps(self) -> Sequence[str]:
        """Say what could not be learned of late, a sentence each; nothing while all is well."""

    async def run(self) -> None:
        """Learn until cancelled."""


class Sink(Protocol):
    """Takes what was seen."""

    def take(self, report: Report) -> None:
        """Take the report of a round that has just ended, at once: `run` writes it."""

    def gaps(self) -> Sequence[str]:
        """Say what could not be written of late, a sentence each; nothing while all is well."""

    async def run(self) -> None:
        """Write until cancelled."""


class Pages(Protocol):
    """Reads what services of the agent's own node tell of themselves."""

    async def look(self, places: Sequence[Place]) -> tuple[Caller, ...]:
        """Read the metrics pages, all at once, each within a deadline; never raise.

        It is called once in every round, beside the probes, with `Knowledge.pages`.
        """
