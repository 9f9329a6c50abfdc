"""A rollout from a registry that is not there."""

from meshdoctor.lab.faults.images import back, roll_out_from_a_closed_registry
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "image-registry-unreachable",
    "a rollout of recommendations from a registry that does not run",
    hurt=roll_out_from_a_closed_registry,
    heal=back,
    alert="ImagePullFailing",
)
