"""Values with Grafana's unit ids, told as Grafana tells them.

Source: Grafana's list of units (packages/grafana-data/src/valueFormats/categories.ts), of which
those stand here that a dashboard of ours may use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from meshdoctor.lab.report.numbers import NOTHING, finite, percent, plain

Steps = tuple[tuple[float, str], ...]

_SECONDS: Final = (
    (1e-6, "µs"),
    (1e-3, "ms"),
    (1.0, "s"),
    (60.0, "min"),
    (3600.0, "hours"),
    (86400.0, "days"),
)
_BINARY: Final = ((1.0, "B"), (1024.0, "KiB"), (1024.0**2, "MiB"), (1024.0**3, "GiB"))
_DECIMAL: Final = ((1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"))
_SHORT: Final = ((1.0, ""), (1e3, "K"), (1e6, "Mil"), (1e9, "Bil"))
_PLAIN: Final = ((1.0, ""),)


def _each(steps: Steps, change: Callable[[str], str]) -> Steps:
    return tuple((size, change(name)) for size, name in steps)


def _per_second(name: str) -> Steps:
    return _each(_SHORT, lambda prefix: f"{prefix} {name}".strip())


_UNITS: Final[dict[str, Steps]] = {
    "none": _PLAIN,
    "short": _SHORT,
    "s": _SECONDS,
    "ms": tuple((size * 1e3, name) for size, name in _SECONDS),
    "percentunit": ((0.01, "%"),),
    "percent": ((1.0, "%"),),
    "bytes": _BINARY,
    "decbytes": _DECIMAL,
    "binBps": _each(_BINARY, "{}/s".format),
    "Bps": _each(_DECIMAL, "{}/s".format),
    "reqps": _per_second("req/s"),
    "ops": _per_second("ops/s"),
    "rps": _per_second("reads/s"),
    "cps": _per_second("c/s"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """One step of a unit: values are divided by `size` and named `name`."""

    size: float
    name: str


def measure(unit: str, largest: float) -> Measure:
    """Choose the step of a unit in which values up to `largest` read well."""
    steps = _steps(unit)
    fitting = [step for step in steps if step[0] <= abs(largest) * (1 + 1e-9)]
    if fitting:
        return Measure(*fitting[-1])
    whole = [step for step in steps if step[0] <= 1.0] or list(steps)
    return Measure(*(steps[0] if largest else whole[-1]))


def shown(value: float, unit: str) -> str:
    """Return a value with its unit, three significant digits: `12.5 ms`, `99.9 %`, `1.2 K req/s`.

    Args:
        value: in the unit's base (seconds for `s`, 0..1 for `percentunit`, bytes for `bytes`).
        unit: Grafana's id; one that is unknown counts as `short`, `suffix:x` ends in x.
    """
    number = finite(value)
    if number is None:
        return NOTHING
    if unit == "percentunit":
        return percent(number)
    step = measure(unit, number)
    return f"{plain(number / step.size)} {step.name}".strip()


def _steps(unit: str) -> Steps:
    if unit.startswith("suffix:"):
        return ((1.0, unit.removeprefix("suffix:").strip()),)
    return _UNITS.get(unit, _SHORT)
