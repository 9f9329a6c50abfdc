"""A rollout to a tag that nobody has pushed."""

from meshdoctor.lab.cluster.registry import Tag
from meshdoctor.lab.faults.images import back, roll_out_to
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "image-tag-missing",
    "a rollout of recommendations to a tag that is not in the registry",
    hurt=roll_out_to(Tag.NOWHERE),
    heal=back,
    alert="ImagePullFailing",
)
