"""What a trial took of the error budget: of the objective as the generated rules state it."""

from pathlib import Path
from typing import Any, Final

import yaml

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.watchers import GENERATED, RULES

_MONTH_SECONDS: Final = 30 * 86400
_RECORD, _SLO = "slo:objective:ratio", "marketplace-freshness"


def fresh_pages(generated: Path = GENERATED) -> float:
    """Return the objective for fresh pages, such as 0.99.

    Args:
        generated: the folder of the generated rules.

    Raises:
        LabError: they do not say.
    """
    where = generated / RULES
    try:
        groups: list[dict[str, Any]] = yaml.safe_load(where.read_text("utf-8"))["groups"]
        (expression,) = (
            rule["expr"]
            for group in groups
            for rule in group["rules"]
            if rule.get("record") == _RECORD and rule["labels"]["slo"] == _SLO
        )
        return float(expression.removeprefix("vector(").removesuffix(")"))
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise LabError(f"{where} does not say what is promised of fresh pages: {error}") from error


def burnt(bad: int, pages: int, seconds: float, objective: float) -> float:
    """Return the share of a 30 days' error budget that was spent.

    The budget is what the objective leaves to go wrong; a while in which everything goes wrong
    spends it 1 / (1 - objective) times as fast as it lasts (SRE workbook, "Alerting on SLOs").

    Args:
        bad: pages that broke the promise.
        pages: all of them.
        seconds: in which they were asked for.
        objective: the share that is promised, below 1.
    """
    return bad / max(pages, 1) * seconds / _MONTH_SECONDS / (1 - objective)
