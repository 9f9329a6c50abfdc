"""One measurement: load on one entry for a few seconds, and what it cost."""

import json
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from meshdoctor.lab.bench.meter import cpu_seconds
from meshdoctor.lab.crew import Crew
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.processes import Process, Program

_CLOSED_LOOP: Final = Path(__file__).with_name("closed_loop.py")
_USERS: Final = 8
_PATIENCE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a few seconds of load gave.

    Attributes:
        requests: answered, all of them live.
        rps: requests per second.
        p50_ms: median response time in milliseconds.
        p99_ms: 99th percentile in milliseconds.
        cpu_us: CPU of both services per request, in microseconds.
    """

    requests: int
    rps: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


class Pusher:
    """Runs locust against entries, one at a time.

    Args:
        crew: owns the load processes.
        interruption: whether the user wants to stop.
    """

    def __init__(self, crew: Crew, interruption: Interruption) -> None:
        self._crew = crew
        self._interruption = interruption

    def push(self, url: str, services: tuple[Process, ...], seconds: int) -> Measurement:
        """Load `url` for `seconds` and measure the processes behind it.

        Raises:
            LabError: a request failed or nothing was measured; such a figure would mean nothing.
        """
        pids = tuple(service.pid for service in services)
        before = cpu_seconds(*pids)
        stats = self._locust(url, seconds)
        spent = cpu_seconds(*pids) - before
        requests = stats["num_requests"]
        if not requests or stats["num_failures"]:
            raise LabError(f"{url}: {stats['num_failures']} of {requests} requests failed")
        times = Counter({float(ms): count for ms, count in stats["response_times"].items()})
        return Measurement(
            requests,
            requests / (stats["last_request_timestamp"] - stats["start_time"]),
            percentile(times, 0.5),
            percentile(times, 0.99),
            spent / requests * 1e6,
        )

    def _locust(self, url: str, seconds: int) -> dict[str, Any]:
        command = (
            *(sys.executable, "-m", "locust", "--locustfile", str(_CLOSED_LOOP), "--host", url),
            *("--headless", "--users", str(_USERS), "--spawn-rate", str(_USERS)),
            *("--run-time", f"{seconds}s", "--json", "--loglevel", "ERROR"),
        )
        (process,) = self._crew.start(Program(f"load-{threading.get_ident()}", command, task=True))
        waited = 0.0
        while process.wait(0.05) is None:
            self._interruption.check()
            waited += 0.05
            if waited > seconds + _PATIENCE_SECONDS:
                raise LabError(f"locust did not end; {process.tail()}")
        text = process.log.read_text(encoding="utf-8")
        try:
            # A table for people follows the JSON.
            stats, _end = json.JSONDecoder().raw_decode(text, text.index("["))
        except ValueError:
            raise LabError(f"locust printed no statistics; {process.tail()}") from None
        if not stats:
            raise LabError(f"{url} answered nothing in {seconds} s")
        return dict(stats[0])


def percentile(times: Counter[float], share: float) -> float:
    """Return the time within which `share` (0..1) of the requests were answered.

    Args:
        times: number of requests by response time in milliseconds.
        share: which part of them.
    """
    rank = share * times.total()
    seen = 0
    for ms in sorted(times):
        seen += times[ms]
        if seen >= rank:
            return ms
    return 0.0
