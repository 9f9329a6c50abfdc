"""What a matrix is, as data, and as the JSON that is kept of it."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from meshdoctor.lab.errors import LabError

SCHEMA: Final = 1
"""Of the JSON; it grows when a key goes away or changes its meaning."""

NOTHING: Final = "healthy"
"""What stands for a fault where nothing was done."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault, or nothing, done to the mesh once. Seconds count from before it is done.

    Attributes:
        fault: its code, or `NOTHING`.
        round: in which it was done, from 1.
        alert: the page that has to come; "" when none may.
        promised: whether visitors were promised that no answer is HTTP 5xx meanwhile.
        names: what the doctor named, in its order; of a healthy round all that it ever named.
        unsure: how often the doctor could not tell.
        seconds_to_verdict: until a fault was named, with the command's own run; None when none was.
        command_seconds: that the longest run of the command took.
        page: the alert that rang first; "" when none did.
        cause: that it named; "" when it named none.
        pages: how often it rang.
        seconds_to_page: until it rang; None when it did not.
        requests: of visitors, from before it was done until pages were live again.
        http_5xx: of them, by the marketplace's own count.
        lost: of them, without any answer that the contract knows, or with HTTP 5xx.
        degraded: pages that showed remembered or built-in books.
        budget: share of a 30 days' error budget for fresh pages that this took.
        recovered_s: from the end of the fault until pages were live again; None when never.
        healthy_s: from the end of the fault until the doctor called the mesh healthy.
        bundle: the file of the verdict's evidence, from the folder of the results; "" when it was
            not saved. Of a healthy round the first that was no good verdict.
        replayed: whether that file leads to the same verdict; None when it was not tried.
        watched: whether the page was waited for.
        trouble: why it could not be tried; "" when it was.
        load: how many processes wanted a processor, on average of its last minute; 0 is unknown.
        began: Unix seconds; 0 is unknown.
    """

    fault: str
    round: int
    alert: str = ""
    promised: bool = True
    names: tuple[str, ...] = ()
    unsure: int = 0
    seconds_to_verdict: float | None = None
    command_seconds: float = 0.0
    page: str = ""
    cause: str = ""
    pages: int = 0
    seconds_to_page: float | None = None
    requests: int = 0
    http_5xx: int = 0
    lost: int = 0
    degraded: int = 0
    budget: float = 0.0
    recovered_s: float | None = None
    healthy_s: float | None = None
    bundle: str = ""
    replayed: bool | None = None
    watched: bool = True
    trouble: str = ""
    load: float = 0.0
    began: float = 0.0

    @property
    def healthy(self) -> bool:
        """Whether nothing was done."""
        return self.fault == NOTHING

    @property
    def right(self) -> bool:
        """Whether the doctor named what was done, and nothing else."""
        wanted = () if self.healthy else (self.fault,)
        return not self.trouble and self.names == wanted

    @property
    def named(self) -> str:
        """What the doctor said, in one word; several names are joined by `+`."""
        return "+".join(self.names) or ("not tried" if self.trouble else NOTHING)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All trials of a run, in the order in which they were made.

    Attributes:
        began: Unix seconds.
        seed: of the order.
        rounds: that were wanted.
        trials: those that were made so far.
        cores: processors of the machine; 0 is unknown.
        at_once: meshes that took turns on it.
    """

    began: float
    seed: int
    rounds: int
    trials: tuple[Trial, ...] = ()
    cores: int = 0
    at_once: int = 1

    @property
    def hurt(self) -> tuple[Trial, ...]:
        """Those in which something was done."""
        return tuple(one for one in self.trials if not one.healthy)

    @property
    def left_alone(self) -> tuple[Trial, ...]:
        """Those in which nothing was done."""
        return tuple(one for one in self.trials if one.healthy)

    @property
    def accuracy(self) -> float:
        """The share of faults that were named right; 0.0 when none was tried."""
        return sum(one.right for one in self.hurt) / max(len(self.hurt), 1)


def document(matrix: Matrix, missed: Iterable[str]) -> dict[str, Any]:
    """Return what is kept of a matrix as JSON's types.

    Args:
        matrix: any.
        missed: a sentence for each goal that was missed.
    """
    reasons = list(missed)
    return {
        "schema": SCHEMA,
        "began": round(matrix.began),
        "seed": matrix.seed,
        "rounds": matrix.rounds,
        "cores": matrix.cores,
        "at_once": matrix.at_once,
        "met": not reasons,
        "missed": reasons,
        "accuracy": round(matrix.accuracy, 4),
        "faults": [_row(one) for one in matrix.hurt],
        "healthy": {
            "rounds": len(matrix.left_alone),
            "false_names": sum(bool(one.names) for one in matrix.left_alone),
            "trials": [_row(one) for one in matrix.left_alone],
        },
        "confusion": confusion(matrix),
    }


def confusion(matrix: Matrix) -> dict[str, dict[str, int]]:
    """Count what the doctor said by what was done."""
    counts: dict[str, dict[str, int]] = {}
    for one in matrix.trials:
        row = counts.setdefault(one.fault, {})
        row[one.named] = row.get(one.named, 0) + 1
    return counts


def _row(trial: Trial) -> dict[str, Any]:
    row = asdict(trial)
    rounded = {
        key: round(value, 6 if key == "budget" else 2)
        for key, value in row.items()
        if isinstance(value, float)
    }
    first = {"fault": trial.fault, "named": trial.named, "right": trial.right}
    return {**first, **row, **rounded}


def read(text: str, where: str) -> Matrix:
    """Read what `document` made.

    Args:
        text: JSON.
        where: the file, for the error.

    Raises:
        LabError: it is no matrix.
    """
    try:
        content = json.loads(text)
        rows = [*content["faults"], *content["healthy"]["trials"]]
        trials = TypeAdapter(tuple[Trial, ...]).validate_python(
            [{k: v for k, v in row.items() if k not in {"named", "right"}} for row in rows]
        )
        head = (content["began"], content["seed"], content["rounds"])
        return Matrix(*head, trials, content.get("cores", 0), content.get("at_once", 1))
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        line = " ".join(str(error).split())
        raise LabError(f"{where} is no matrix: {line}") from error
