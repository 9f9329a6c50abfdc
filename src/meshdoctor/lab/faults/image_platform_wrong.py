"""A rollout to an image that is pulled, and of another processor."""

from meshdoctor.lab.cluster.registry import Tag
from meshdoctor.lab.faults.images import CRASHES, back, roll_out_to
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "image-platform-wrong",
    "a rollout of recommendations to a single manifest of arm64",
    hurt=roll_out_to(Tag.ARM_SINGLE),
    heal=back,
    silent=CRASHES,
)
