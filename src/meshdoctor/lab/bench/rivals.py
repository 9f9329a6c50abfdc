"""What is compared, as data: the same two services, instrumented in five ways."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from meshdoctor.lab.processes import Program

_HOST: Final = "127.0.0.1"
_OFF: Final = {
    "MESHDOCTOR_METRICS": "false",
    "MESHDOCTOR_TRACES": "false",
    "MESHDOCTOR_REQUEST_LOGS": "false",
}


@dataclass(frozen=True, slots=True)
class Rival:
    """One way to instrument the services.

    Attributes:
        name: one word.
        says: one line for the table.
        env: for both services.
        wrapper: put before `python -m ...`.
        sampled: share of requests that should leave a trace.
    """

    name: str
    says: str
    env: Mapping[str, str]
    wrapper: tuple[str, ...] = ()
    sampled: float = 0.0


BARE: Final = Rival("bare", "no instruments", _OFF)
METRICS: Final = Rival("metrics", "metrics only", {**_OFF, "MESHDOCTOR_METRICS": "true"})
SHIPPED: Final = Rival(
    "shipped",
    "metrics, 10 % of traces, JSON logs: as shipped",
    {"OTEL_TRACES_SAMPLER_ARG": "0.1"},
    sampled=0.1,
)
ALWAYS: Final = Rival(
    "always",
    "metrics, every trace, JSON logs",
    {"OTEL_TRACES_SAMPLER_ARG": "1"},
    sampled=1.0,
)
COMMON: Final = Rival(
    "common",
    "OpenTelemetry auto-instrumentation's defaults, ThreadPoolExecutor(10)",
    {
        **_OFF,
        "RECOMMENDATIONS_THREADS": "10",
        "OTEL_EXPORTER_OTLP_INSECURE": "true",
        "OTEL_LOGS_EXPORTER": "none",
    },
    wrapper=("opentelemetry-instrument",),
    sampled=1.0,
)
RIVALS: Final = (BARE, METRICS, SHIPPED, ALWAYS, COMMON)

TWINS: Final = ("a", "b")
"""Each rival runs twice; what the twins differ by is noise."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One twin of a rival, with ports of its own.

    Attributes:
        rival: what it is.
        twin: `a` or `b`.
        port: the first of four ports in a row.
    """

    rival: Rival
    twin: str
    port: int
    folder: Path = field(default=Path())

    @property
    def name(self) -> str:
        """Unique in a run, and the spans' resource attribute `bench.entry`."""
        return f"{self.rival.name}-{self.twin}"

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{_HOST}:{self.port}"

    @property
    def ports(self) -> range:
        """Page, its metrics, calls, their metrics."""
        return range(self.port, self.port + 4)


def programs(entry: Entry, otlp: str) -> tuple[Program, Program]:
    """Return the two services of an entry, the backend first.

    Args:
        entry: which.
        otlp: `http://host:port` of the span receiver.
    """
    page, page_metrics, calls, calls_metrics = (str(port) for port in entry.ports)
    env = {
        **entry.rival.env,
        "OTEL_EXPORTER_OTLP_ENDPOINT": otlp,
        "OTEL_RESOURCE_ATTRIBUTES": f"bench.entry={entry.name}",
    }
    return (
        Program(
            name=f"{entry.name}-recommendations",
            command=_command(entry.rival, "recommendations"),
            env={
                **env,
                "OTEL_SERVICE_NAME": "recommendations",
                "RECOMMENDATIONS_PORT": calls,
                "RECOMMENDATIONS_METRICS_PORT": calls_metrics,
                "RECOMMENDATIONS_DRAIN_SECONDS": "0",
            },
            ready=f"tcp://{_HOST}:{calls}",
        ),
        Program(
            name=f"{entry.name}-marketplace",
            command=_command(entry.rival, "marketplace"),
            env={
                **env,
                "OTEL_SERVICE_NAME": "marketplace",
                "MARKETPLACE_PORT": page,
                "MARKETPLACE_METRICS_PORT": page_metrics,
                "MARKETPLACE_RECOMMENDATIONS_TARGET": f"{_HOST}:{calls}",
                # A saturated machine is slow everywhere: what is measured is live pages' cost.
                "MARKETPLACE_DEADLINE_SECONDS": "5",
                "MARKETPLACE_SECOND_TRY_SECONDS": "5",
            },
            ready=f"{entry.url}/readyz",
        ),
    )


def _command(rival: Rival, module: str) -> tuple[str, ...]:
    beside_python = tuple(str(Path(sys.executable).with_name(name)) for name in rival.wrapper)
    return (*beside_python, sys.executable, "-m", module)
