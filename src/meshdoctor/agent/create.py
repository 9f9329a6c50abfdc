"""The composition root: an agent of its settings, and its life."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, CollectorRegistry

from meshdoctor.agent.answering import Answering
from meshdoctor.agent.certificates import Certificates
from meshdoctor.agent.edges import edges
from meshdoctor.agent.knowledge import Knowledge
from meshdoctor.agent.log import Lines, Log
from meshdoctor.agent.metrics import LastReport
from meshdoctor.agent.pace import Pace
from meshdoctor.agent.page import Answer, Page
from meshdoctor.agent.ports import Pages, Sink, Source
from meshdoctor.agent.probes.asking import ask
from meshdoctor.agent.probes.tls import CertificateReader
from meshdoctor.agent.rounds import Rounds, Seen
from meshdoctor.agent.settings import AgentSettings
from meshdoctor.probes.mesh.files import dump
from meshdoctor.settings import listening
from meshdoctor.telemetry.exposition import CachedPage

_LATE_ROUNDS: Final = 3
_LATE_SECONDS: Final = 15.0
_AGAIN_SECONDS: Final = 1.0
_NEWS_SECONDS: Final = 0.5
_TEXT: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class World:
    """What an agent learns from and tells to.

    Attributes:
        source: says what there is to ask.
        sinks: take reports.
        pages: reads what services of the node tell.
    """

    source: Source
    sinks: tuple[Sink, ...]
    pages: Pages


def create_agent(settings: AgentSettings, world: World, lines: Lines) -> "Agent":
    """Make an agent; it does nothing until it runs.

    Args:
        settings: of it.
        world: around it.
        lines: where its log goes.
    """
    reader = CertificateReader(settings.ca)
    rounds = Rounds(ask, world.pages, Certificates(reader.read), settings.interval_seconds)
    log = Log(lines, settings.node or world.source.knowledge().node)
    return Agent(settings, world, rounds, log)


class Agent:
    """Looks, answers and tells, until it is stopped.

    Args:
        settings: of it.
        world: around it.
        rounds: how it looks.
        log: what it says.
    """

    def __init__(self, settings: AgentSettings, world: World, rounds: Rounds, log: Log) -> None:
        self._settings = settings
        self._world = world
        self._rounds = rounds
        self._log = log
        self._last = LastReport()
        self._looked_at = time.monotonic()
        self._stopping = asyncio.Event()
        self._page = Page(self._rooms(), settings.metrics_host, settings.metrics_port)
        self._answering = Answering(settings.answer_host, settings.answer_port)

    def stop(self) -> None:
        """End `run`, at once."""
        self._stopping.set()

    async def run(self) -> None:
        """Live.

        Raises:
            ListenError: a port cannot be used.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._listen()
            runs = (self._world.source.run, *(sink.run for sink in self._world.sinks), self._look)
            tasks += [asyncio.create_task(self._kept(run)) for run in runs]
            await self._stopping.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._answering.close()
            self._page.close()
        self._log.info("agent.stopped")

    async def _listen(self) -> None:
        settings = self._settings
        with listening(settings.answer_host, settings.answer_port, "MESH_AGENT_ANSWER_PORT"):
            await self._answering.start()
        with listening(settings.metrics_host, settings.metrics_port, "MESH_AGENT_METRICS_PORT"):
            await self._page.start()
        self._log.info(
            "agent.running",
            pod=settings.pod,
            host=settings.answer_host,
            port=self._answering.port,
            metrics_port=self._page.port,
            interval=settings.interval_seconds,
        )

    async def _look(self) -> None:
        pace = Pace(self._settings.interval_seconds)
        while True:
            begun = time.monotonic()
            known = self._world.source.knowledge()
            seen = await self._look_once(known)
            # Whoever was held up, by a stopped machine say, goes on from now.
            await self._pause(known, begun + pace.after(news=seen.news))

    async def _look_once(self, known: Knowledge) -> Seen:
        seen = await self._rounds.go(known, self._gaps())
        self._last.report = seen.report
        self._looked_at = time.monotonic()
        self._log.changes(seen.changes)
        for sink in self._world.sinks:
            sink.take(seen.report)
        return seen

    async def _pause(self, known: Knowledge, until: float) -> None:
        """Wait for the next round; not for all of it when there is something new to ask."""
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _NEWS_SECONDS))
            now = self._world.source.knowledge()
            if now is not known and edges(now) != edges(known):
                return

    def _gaps(self) -> Iterable[str]:
        yield from self._world.source.gaps()
        for sink in self._world.sinks:
            yield from sink.gaps()

    async def _kept(self, run: Callable[[], Awaitable[None]]) -> None:
        """Begin again what should not have ended: the rest of the agent is worth having."""
        while True:
            try:
                await run()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                self._log.warning("agent.broken", part=run.__qualname__, words=repr(error))
            await asyncio.sleep(_AGAIN_SECONDS)

    def _rooms(self) -> dict[str, Callable[[str], Answer]]:
        registry = CollectorRegistry(auto_describe=False)
        for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR, self._last):
            registry.register(collector)
        metrics = CachedPage(registry)
        return {
            "/metrics": lambda accept: (HTTPStatus.OK, *metrics.render(accept)),
            "/healthz": lambda _: self._health(),
            "/report": lambda _: self._report(),
        }

    def _health(self) -> Answer:
        ago = time.monotonic() - self._looked_at
        if self._last.report is None:
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, b"There was no round yet.\n"
        if ago > max(_LATE_ROUNDS * self._settings.interval_seconds, _LATE_SECONDS):
            text = f"The last round ended {ago:.0f} s ago.\n"
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, text.encode()
        return HTTPStatus.OK, _TEXT, b"ok\n"

    def _report(self) -> Answer:
        if self._last.report is None:
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, b"There was no round yet.\n"
        return HTTPStatus.OK, _JSON, dump(self._last.report).encode()
