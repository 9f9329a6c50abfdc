"""The load: Locust as a process, and what it wrote down at the end."""

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.model import Latency, LoadResult, NamedResult, Objective, Sample
from meshdoctor.lab.processes import Process, Program

LOADTEST = Path(__file__).parents[3] / "loadtest"
SHAPES = ("steady", "ramp", "spike", "soak")
_RAMP_SECONDS = 2
_MAX_SPAWN_RATE = 100  # Locust warns above it
_STOP_SECONDS = 5.0


class LoadBroken(LabError):  # noqa: N818 - reads as what it says
    """The load generator did not do its work."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How to push: `users` at the peak, each one request a second, for `seconds`."""

    users: int
    seconds: int
    shape: str


def program(
    plan: LoadPlan, url: str, result: Path, metrics: str, loadtest: Path = LOADTEST
) -> Program:
    """Make the load generator's command.

    Args:
        plan: how to push.
        url: whom.
        result: the file that it writes at the end.
        metrics: `host:port` of its metrics page.
        loadtest: the folder of the load test.

    Raises:
        LoadBroken: the folder is not there, as in an installation without the checkout.
    """
    if not loadtest.is_dir():
        raise LoadBroken(f"no load test at {loadtest}: run the lab from a checkout")
    host, _, port = metrics.rpartition(":")
    rate = min(math.ceil(plan.users / _RAMP_SECONDS), _MAX_SPAWN_RATE)
    command = (
        *(sys.executable, "-m", "locust", "-f", str(loadtest), "--headless", "--only-summary"),
        *("--host", url, "--users", str(plan.users), "--spawn-rate", str(rate)),
        *("--run-time", f"{plan.seconds}s", "--shape", plan.shape, "--result", str(result)),
        *("--metrics-host", host, "--metrics-port", port),
    )
    return Program("load", command, stop_seconds=_STOP_SECONDS, task=True)


def read_result(result: Path, process: Process) -> LoadResult:
    """Read what a finished load generator measured.

    Raises:
        LoadBroken: it left no result; the text ends with the last lines of its log.
    """
    try:
        content = json.loads(result.read_text(encoding="utf-8"))
        return _result(content, process.exit_code or 0)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LoadBroken(
            f"the load generator left no usable result ({error}); {process.tail()}"
        ) from error


def _result(content: dict[str, Any], exit_code: int) -> LoadResult:
    errors: dict[str, int] = {}
    for each in content["errors"]:
        text = f"{each['name']}: {each['text']}"
        errors[text] = errors.get(text, 0) + each["count"]
    return LoadResult(
        requests=content["requests"],
        failures=content["failures"],
        rps=content["rps"],
        latency_ms=Latency(**content["latency_ms"]),
        histogram=tuple((bound, count) for bound, count in content["histogram"]),
        per_name=tuple(NamedResult(**each) for each in content["per_name"]),
        failures_by_text=errors,
        series=tuple(Sample(**each) for each in content["series"]),
        objectives=tuple(Objective(**each) for each in content["objectives"]),
        degraded_pages=content["degraded_pages"],
        exit_code=exit_code,
        started=content["started"],
    )
