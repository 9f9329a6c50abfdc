"""What the doctor said, out of the JSON of its command."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption

Ask = Callable[[], tuple[int, Any]]
"""Runs the command; its exit code and what it printed, read as JSON."""

_HEALTHY, _FAULT, _UNSURE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of the doctor.

    Attributes:
        exit_code: of the command.
        names: the faults that it named, in its order.
        at: when it was there, Unix seconds.
        seconds: that the command took.
    """

    exit_code: int
    names: tuple[str, ...]
    at: float
    seconds: float

    @property
    def healthy(self) -> bool:
        """Whether the mesh was called healthy."""
        return self.exit_code == _HEALTHY

    @property
    def unsure(self) -> bool:
        """Whether the doctor could not tell."""
        return self.exit_code == _UNSURE


def names(content: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    """Return the faults in the command's JSON, in its order.

    Raises:
        LabError: it is not what the command prints.
    """
    try:
        found = [one["fault"] for verdict in content["verdicts"] for one in verdict["findings"]]
        return tuple(dict.fromkeys(map(str, found)))
    except (KeyError, TypeError) as error:
        raise LabError(f"the doctor printed no verdict: {content!r:.200}") from error


def ask_once(ask: Ask) -> Said:
    """Ask.

    Raises:
        LabError: the command failed, instead of telling.
    """
    began = time.monotonic()
    code, content = ask()
    if code not in {_HEALTHY, _FAULT, _UNSURE}:
        raise LabError(f"the doctor's command ended with {code}")
    return Said(code, names(content), time.time(), time.monotonic() - began)


def ask_until(
    ask: Ask, wanted: Callable[[Said], bool], seconds: float, interruption: Interruption
) -> tuple[Said, ...]:
    """Ask again and again, without a pause, until the answer is the wanted one.

    Args:
        ask: asks once.
        wanted: says whether it is.
        seconds: after which nothing is asked any longer.
        interruption: what to ask whether the user wants to stop.

    Returns:
        Every answer; the last is the wanted one, or the time was over. At least one.
    """
    until = time.monotonic() + seconds
    said = [ask_once(ask)]
    while not wanted(said[-1]) and time.monotonic() < until:
        interruption.check()
        said.append(ask_once(ask))
    return tuple(said)
