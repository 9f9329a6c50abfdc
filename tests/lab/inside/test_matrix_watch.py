"""A healthy round of the matrix: what the doctor said that was no good verdict can be judged."""

import json
from pathlib import Path

import pytest

from meshdoctor.lab.cluster.building import Wishes
from meshdoctor.lab.faults import scenarios
from meshdoctor.lab.matrix.asked import names
from meshdoctor.lab.matrix.model import NOTHING
from meshdoctor.lab.matrix.order import Turn
from meshdoctor.lab.matrix.stage import Stage
from meshdoctor.lab.matrix.watch import Watch
from tests.support.cluster_up import SETUP, cluster_up

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

FAULT = "image-tag-missing"


def test_the_evidence_of_a_false_name_is_kept(tmp_path: Path) -> None:
    """Of each look that named something, and of no other; the first is the trial's.

    Nobody tells the round that the mesh is hurt, so to it the name is a false one.
    """
    with cluster_up(Wishes(SETUP, users=20, logs=tmp_path / "logs")) as cluster:
        stage = Stage(tmp_path, cluster.interruption)
        watch = Watch(
            cluster=cluster,
            objective=0.99,
            out=tmp_path,
            paged=False,
            interruption=cluster.interruption,
            tell=print,
            stage=stage,
        )
        watch.settle("bundles/unsettled-1.json")
        well = watch.left_alone(Turn(NOTHING, 2, nth=1))
        before = sorted(path.name for path in (tmp_path / "bundles").iterdir())
        scenarios()[FAULT].hurt(cluster)
        hurt = watch.left_alone(Turn(NOTHING, 2, nth=2))
        kept = sorted(path.name for path in (tmp_path / "bundles").iterdir())
        _code, said = cluster.diagnose("--from", str(tmp_path / hurt.bundle))

    assert ((), "", []) == (well.names, well.bundle, before)
    assert (FAULT,) == hurt.names
    assert [f"2-healthy-{look}.json" for look in (5, 6, 7, 8)][-len(kept) :] == kept
    assert f"bundles/{kept[0]}" == hurt.bundle
    assert json.loads((tmp_path / hurt.bundle).read_text("utf-8"))
    assert set(names(said)) <= set(hurt.names)
