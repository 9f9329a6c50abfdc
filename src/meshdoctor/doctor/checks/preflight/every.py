"""All questions to manifests, in the order in which an apply would stumble."""

from collections.abc import Callable
from typing import Final

from meshdoctor.doctor.checks.preflight import (
    names,
    namespaces,
    nodeports,
    policies,
    quotas,
    references,
    services,
)
from meshdoctor.doctor.checks.preflight.asked import Asked
from meshdoctor.doctor.model import Verdict

QUESTIONS: Final[tuple[Callable[[Asked], Verdict], ...]] = (
    names.judge,
    namespaces.judge,
    references.judge,
    services.judge,
    nodeports.judge,
    quotas.judge,
    policies.judge,
)
"""Those that manifests answer by themselves, perhaps with what the cluster has already."""


def judge_manifests(asked: Asked) -> list[Verdict]:
    """Put every question.

    Args:
        asked: what is known.

    Returns:
        A verdict for each.
    """
    return [question(asked) for question in QUESTIONS]
