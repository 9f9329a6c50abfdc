"""Every answer comes later than whoever asked waits for it."""

from meshdoctor.lab.faults.deeds import as_usual, restart_with
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "app-slow",
    "every answer 1 s late",
    hurt=restart_with({"RECOMMENDATIONS_FAULT_DELAY_SECONDS": "1"}),
    heal=as_usual,
    alert="RecommendationsUnavailableRate",
)
