"""The handler fails."""

from meshdoctor.lab.faults.deeds import as_usual, restart_with
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "app-erroring",
    "every answer an error",
    hurt=restart_with({"RECOMMENDATIONS_FAULT_ERROR_RATIO": "1"}),
    heal=as_usual,
    alert="RecommendationsErrorRate",
)
