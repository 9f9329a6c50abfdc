"""A rollout from a registry that wants a password."""

from meshdoctor.lab.faults.images import back, roll_out_from_a_locked_registry
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "image-registry-refuses",
    "a rollout of recommendations from a registry that asks for a password",
    hurt=roll_out_from_a_locked_registry,
    heal=back,
    alert="ImagePullFailing",
)
