"""More calls come than the backends can serve."""

from meshdoctor.lab.faults.deeds import as_usual, restart_with
from meshdoctor.lab.faults.scenario import Scenario

# One call at a time, 12.5 a second: three backends can serve 37.
_BUSY = {
    "RECOMMENDATIONS_MAX_CONCURRENT_RPCS": "1",
    "RECOMMENDATIONS_FAULT_DELAY_SECONDS": "0.08",
}

FAULT = Scenario(
    "app-overloaded",
    "more calls than the 37 a second that the backends can serve",
    hurt=restart_with(_BUSY),
    heal=as_usual,
    alert="GrpcLoadShedding",
)
