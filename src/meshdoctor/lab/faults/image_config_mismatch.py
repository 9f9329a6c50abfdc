"""A rollout to an image whose index promises what is not in it."""

from meshdoctor.lab.cluster.registry import Tag
from meshdoctor.lab.faults.images import CRASHES, back, roll_out_to
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "image-config-mismatch",
    "a rollout of recommendations to an index that says amd64 of an image of arm64",
    hurt=roll_out_to(Tag.MISLABELLED),
    heal=back,
    silent=CRASHES,
)
