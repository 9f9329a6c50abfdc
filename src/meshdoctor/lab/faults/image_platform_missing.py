"""A rollout to an image that has nothing for the node's processor."""

from meshdoctor.lab.cluster.registry import Tag
from meshdoctor.lab.faults.images import back, roll_out_to
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "image-platform-missing",
    "a rollout of recommendations to an index of arm64 alone",
    hurt=roll_out_to(Tag.ARM_INDEX),
    heal=back,
    alert="ImagePullFailing",
)
