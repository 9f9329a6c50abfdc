"""The drill: several trials at once, each in a mesh on addresses of its own, and the result."""

import ipaddress
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from meshdoctor.lab import monitoring
from meshdoctor.lab.drill.judge import PAGED_WITHIN, RESOLVED_WITHIN, Figures, measure, missed
from meshdoctor.lab.drill.scenarios import Scenario
from meshdoctor.lab.drill.trial import Phases, Tell, Trial, make
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.ports import require_free
from meshdoctor.lab.settings import LabSettings
from meshdoctor.lab.topology import loopback

RESULT: Final = "drill.json"
_NET: Final = 256
_POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """What to try: `scenarios` for `phases` each, `at_once` at the same time, into `out`."""

    scenarios: tuple[Scenario, ...]
    phases: Phases
    at_once: int
    out: Path


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario's result; without trial and figures when it could not be tried.

    Attributes:
        scenario: what was tried.
        trial: what happened.
        figures: what was measured.
        reasons: a sentence for each goal that was missed.
    """

    scenario: Scenario
    trial: Trial | None
    figures: Figures | None
    reasons: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Whether every goal was met."""
        return not self.reasons


def run(
    plan: DrillPlan,
    settings: LabSettings,
    interruption: Interruption,
    tell: Callable[[str, str], None],
) -> tuple[Result, ...]:
    """Make all trials and write `drill.json`.

    Args:
        plan: what to try.
        settings: addresses of a mesh; the trials' are the same on the next nets of 256.
        interruption: what to ask whether the user wants to stop.
        tell: called, by any thread, with a scenario's fault and how things stand there.

    Returns:
        A result for each scenario, in their order.

    Raises:
        LabError: an address that a trial needs cannot be had; nothing was started.
        Interrupted: the user wants to stop; everything is ended.
    """
    nets = [on_net(settings, number) for number in range(1, len(plan.scenarios) + 1)]
    for net in nets:
        require_free((*loopback(net, plan.out).needs, *monitoring.needs(net)))
    (plan.out / RESULT).unlink(missing_ok=True)  # nobody may take the drill before for this one
    pool = ThreadPoolExecutor(plan.at_once)
    try:
        results = [
            pool.submit(_try, plan, scenario, net, interruption, _for(scenario, tell))
            for scenario, net in zip(plan.scenarios, nets, strict=True)
        ]
        while not all(result.done() for result in results):
            interruption.sleep(_POLL_SECONDS)
    finally:
        pool.shutdown(cancel_futures=True)  # what runs has seen the interruption too
    done = tuple(result.result() for result in results)
    plan.out.mkdir(parents=True, exist_ok=True)
    (plan.out / RESULT).write_text(json.dumps(document(plan, done), indent=2) + "\n", "utf-8")
    return done


def on_net(settings: LabSettings, number: int) -> LabSettings:
    """Move all addresses on by nets of 256, so that one more mesh can run beside.

    Raises:
        LabError: there is no such net on this machine.
    """

    def moved(address: str) -> str:
        return str(ipaddress.IPv4Address(address) + number * _NET)

    hosts = tuple(map(moved, settings.recommendations_hosts))
    addresses = {"host": moved(settings.host), "recommendations_hosts": hosts}
    try:
        return LabSettings.model_validate({**settings.model_dump(), **addresses})
    except ValueError as error:
        raise LabError(
            f"there are no {number} nets of {_NET} addresses after {settings.host}: set MESH_HOST "
            "and MESH_RECOMMENDATIONS_HOSTS nearer to the start of 127.0.0.0/8"
        ) from error


def document(plan: DrillPlan, results: Iterable[Result]) -> dict[str, Any]:
    """Return the content of `drill.json`; times are Unix seconds."""
    trials = [
        {
            "fault": result.scenario.fault,
            "says": result.scenario.says,
            "expected": {
                "alert": result.scenario.alert,
                "causes": sorted(result.scenario.causes),
            },
            "met": result.met,
            "reasons": list(result.reasons),
            "figures": asdict(result.figures) if result.figures else None,
            "trial": asdict(result.trial) if result.trial else None,
        }
        for result in results
    ]
    return {
        "met": all(trial["met"] for trial in trials),
        "goals": {"pages": 1, "paged_within": PAGED_WITHIN, "resolved_within": RESOLVED_WITHIN},
        "phases": asdict(plan.phases),
        "trials": trials,
    }


def _for(scenario: Scenario, tell: Callable[[str, str], None]) -> Tell:
    return lambda text: tell(scenario.fault, text)


def _try(
    plan: DrillPlan,
    scenario: Scenario,
    settings: LabSettings,
    interruption: Interruption,
    tell: Tell,
) -> Result:
    try:
        out = plan.out / scenario.fault
        trial = make(scenario, plan.phases, settings, out, interruption, tell)
    except (LabError, OSError) as error:  # the other trials go on
        result = Result(scenario, None, None, (f"it could not be tried: {error}",))
    else:
        figures = measure(trial)
        result = Result(scenario, trial, figures, tuple(missed(scenario, figures)))
    tell("met" if result.met else f"NOT MET: {'; '.join(result.reasons)}")
    return result
