"""What kubelets do for the Pods: ask whether they are ready, and start again what ended by itself.

Liveness is left out: it would end what a scenario froze. The waits before a restart are a tenth of
a kubelet's.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from meshdoctor.lab.background import running
from meshdoctor.lab.cluster.container import Container
from meshdoctor.lab.cluster.looks import healthy
from meshdoctor.lab.net.topology import Manifest

_TICK_SECONDS = 0.1
_STARTING_SECONDS = 0.2
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 10.0
_WELL_SECONDS = 20.0
"""Whoever ran so long is well again, and is started again at once."""


@contextmanager
def looked_after(containers: Mapping[str, tuple[Container, Manifest | None]]) -> Iterator[None]:
    """Look after containers as long as the block lasts.

    Args:
        containers: by Pod, each with its readiness probe; None is ready as soon as it runs.
    """
    with running(_all(tuple(containers.values())), "kubelet"):
        yield


async def _all(containers: tuple[tuple[Container, Manifest | None], ...]) -> None:
    async with asyncio.TaskGroup() as group:
        for container, probe in containers:
            group.create_task(_Keeper(container, probe).work())


@dataclass(slots=True)
class _Keeper:
    """Looks after one container."""

    container: Container
    probe: Manifest | None
    failures: int = 0
    wait: float = 0.0

    async def work(self) -> None:
        while True:
            status = self.container.status()
            if self.container.crashed():
                await self._start_again(time.time() - status.began)
            elif not status.running:
                await asyncio.sleep(_TICK_SECONDS)
            else:
                await self._look(status.began, ready=status.ready)

    async def _start_again(self, lived: float) -> None:
        if lived > _WELL_SECONDS:
            self.wait = 0.0
        if self.wait:
            pod = self.container.pod
            self.container.back_off(
                f"back-off {self.wait:g}s restarting failed container in pod "
                f"{pod.name}_{pod.namespace}"
            )
            await asyncio.sleep(self.wait)
        self.container.again()
        self.failures = 0
        self.wait = min(max(self.wait * 2, _FIRST_WAIT), _LONGEST_WAIT)

    async def _look(self, began: float, *, ready: bool) -> None:
        good = await healthy(self.probe, self.container.pod) if self.probe else True
        self.failures = 0 if good else self.failures + 1
        if self.container.status().began != began:
            self.failures = 0  # that was another process
        elif good or self.failures >= (self.probe or {}).get("failureThreshold", 3):
            self.container.judge(ready=good)
        period = (self.probe or {}).get("periodSeconds", 1) if ready else _STARTING_SECONDS
        await self._while_it_runs(period, began)

    async def _while_it_runs(self, seconds: float, began: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _TICK_SECONDS))
            status = self.container.status()
            if not status.running or status.began != began:
                return
