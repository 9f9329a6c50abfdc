"""Rules on trial: cases as data, handed to `promtool test rules` in one call.

The file's format is Prometheus' own (prometheus.io, "Unit testing for rules"). Every group is
evaluated at every step there, whatever its own interval says.
"""

import json
import math
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.programs import program

STALE: Final = "stale"
"""A sample that says: this series has ended, or its target did not answer."""

Sample = float | str | None
Labels = Mapping[str, str]

_EQUAL: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Shown:
    """A firing alert: all its labels but the name, and all its annotations."""

    labels: Labels
    annotations: Labels


@dataclass(frozen=True, slots=True)
class Firing:
    """At a second, exactly these alerts of that name fire, whatever their severity."""

    at: int
    alert: str
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """At a second, an expression has exactly these series: labels as PromQL writes them."""

    at: int
    expression: str
    series: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """One case: series from second 0 on, a sample every `step` seconds, and what must hold."""

    name: str
    step: int
    series: Mapping[str, Sequence[Sample]]
    checks: tuple[Firing | Answer, ...]


def verdict(trials: Iterable[Trial], rules: Path, folder: Path, *, every: int) -> str:
    """Run trials.

    Args:
        trials: what to try.
        rules: the rules on trial.
        folder: for promtool's file.
        every: seconds between two evaluations.

    Returns:
        What promtool finds wrong; nothing when all holds.
    """
    document = {
        "rule_files": [str(rules)],
        "evaluation_interval": f"{every}s",
        "tests": [_as_test(trial) for trial in trials],
    }
    path = folder / f"trials-{every}.yaml"
    path.write_text(json.dumps(document, indent=1), "utf-8")  # JSON is YAML
    command = (program("promtool"), "test", "rules", path)
    # Most of its time goes into collecting garbage that would fit into memory ten times.
    env = {**os.environ, "GOGC": "800"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    failed = done.returncode != 0 or "SUCCESS" not in done.stdout
    return f"{done.stdout}{done.stderr}".strip() if failed else ""


def notation(samples: Sequence[Sample]) -> str:
    """Write samples as promtool reads them: `1 2 3 _ _` is `1+1x2 _x2`."""
    words, at = [], 0
    while at < len(samples):
        first, length = samples[at], _run(samples, at)
        if first is None:
            words.append(f"_x{length}")
        elif isinstance(first, str):
            words.extend([first] * length)
        elif length == 1:
            words.append(f"{first:.12g}")
        else:
            words.append(f"{first:.12g}{_step(samples, at):+.12g}x{length - 1}")
        at += length
    return " ".join(words)


def _run(samples: Sequence[Sample], begin: int) -> int:
    """How many samples from `begin` on go by equal steps, or are the same word."""
    first, end = samples[begin], begin + 1
    if first is None or isinstance(first, str):
        while end < len(samples) and samples[end] == first:
            end += 1
        return end - begin
    step = _step(samples, begin)
    while end < len(samples) and math.isclose(_step(samples, end - 1), step, abs_tol=_EQUAL):
        end += 1
    return end - begin


def _step(samples: Sequence[Sample], at: int) -> float:
    """The difference to the next sample; no number when either is none."""
    one, two = samples[at], samples[at + 1] if at + 1 < len(samples) else None
    numbers = isinstance(one, float | int) and isinstance(two, float | int)
    return two - one if numbers else math.nan  # type: ignore[operator]  # both are numbers here


def _as_test(trial: Trial) -> dict[str, object]:
    return {
        "name": trial.name,
        "interval": f"{trial.step}s",
        "input_series": [
            {"series": series, "values": notation(samples)}
            for series, samples in trial.series.items()
        ],
        "alert_rule_test": [_as_alert(it) for it in trial.checks if isinstance(it, Firing)],
        "promql_expr_test": [_as_query(it) for it in trial.checks if isinstance(it, Answer)],
    }


def _as_alert(check: Firing) -> dict[str, object]:
    return {
        "eval_time": f"{check.at}s",
        "alertname": check.alert,
        "exp_alerts": [
            {"exp_labels": dict(shown.labels), "exp_annotations": dict(shown.annotations)}
            for shown in check.shown
        ],
    }


def _as_query(check: Answer) -> dict[str, object]:
    return {
        "eval_time": f"{check.at}s",
        "expr": check.expression,
        "exp_samples": [
            {"labels": labels, "value": value} for labels, value in check.series.items()
        ],
    }
