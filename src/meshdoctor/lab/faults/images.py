"""What the scenarios of images do: a rollout to an image of the lab's registry, and back."""

from typing import Final

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.cluster.registry import Tag
from meshdoctor.lab.cluster.rollout import roll_out, undo
from meshdoctor.lab.faults.scenario import Deed

APP: Final = "recommendations"


def roll_out_to(tag: Tag) -> Deed:
    """Make a deed that rolls out an image of the open registry."""

    def deed(cluster: Cluster) -> None:
        roll_out(cluster, APP, cluster.registry.image(APP, tag))

    return deed


def roll_out_from_a_closed_registry(cluster: Cluster) -> None:
    """Roll out a good image that a node cannot fetch: nobody listens at the registry's port."""
    image = cluster.registry.image(APP, Tag.GOOD)
    cluster.registry.close()
    roll_out(cluster, APP, image)


def roll_out_from_a_locked_registry(cluster: Cluster) -> None:
    """Roll out a good image of a registry that wants a password."""
    image = cluster.registry.image(APP, Tag.GOOD)
    cluster.registry.lock()
    roll_out(cluster, APP, image)


def back(cluster: Cluster) -> None:
    """Undo the rollout."""
    undo(cluster, APP)


CRASHES: Final = "old Pods serve on, and PodCrashLooping waits 5 min: a bad start is no loop yet"
