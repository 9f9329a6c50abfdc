"""What is read of Kubernetes objects: what checks need, no secret, and gaps where it is damaged."""

import json
from pathlib import Path
from typing import Any

import pytest

from meshdoctor.probes.kubernetes.evidence import Kind
from meshdoctor.probes.kubernetes.folder import read_folder
from meshdoctor.probes.mesh import bundle
from meshdoctor.probes.mesh.bundle import Bundle
from meshdoctor.probes.mesh.evidence import MeshEvidence
from tests.support.captures import CAPTURES, changed, copied

CANARY = "s3cr3t-canary"


def poisoned(found: dict[str, Any]) -> dict[str, Any]:
    """Put a secret where people and programs leave theirs."""
    found["metadata"]["annotations"] = {"last-applied": CANARY}
    for one in found.get("spec", {}).get("containers", []):
        one["env"] = [{"name": "PASSWORD", "value": CANARY}]
        one["command"], one["args"] = [CANARY], [CANARY]
    for one in found.get("status", {}).get("containerStatuses", []):
        ended = {"exitCode": 1, "reason": "Error", "message": CANARY}
        one["lastState"] = {"terminated": ended}
    if found.get("reason") == "Unhealthy":
        found["message"] = f"Readiness probe failed: HTTP probe failed: {CANARY}"
    if found.get("reason") == "Failed":
        address = f"https://me:{CANARY}@quay.io/v2?X-Amz-Signature={CANARY}"
        found["message"] = f'Failed to pull image "x": Get "{address}": i/o timeout'
    return found


def test_no_secret_gets_into_a_bundle(tmp_path: Path) -> None:
    """Environment, arguments, annotations, programs' words, logs, signed addresses: none stays."""
    folder = copied("image-and-app-faults", tmp_path, oom=f"{CANARY}\n")
    for kind in Kind:
        objects = json.loads((folder / f"{kind}.json").read_text("utf-8"))["items"]
        changed(folder, kind, [poisoned(one) for one in objects])
    evidence = read_folder(folder)

    assert CANARY in (folder / "pods.json").read_text("utf-8")
    assert ((), True) == (evidence.gaps, len(evidence.events) > 0)
    assert CANARY not in bundle.dump(Bundle(MeshEvidence(evidence)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"),
        ("[]", "no list of Kubernetes objects"),
        ('{"items": {}}', "no list of Kubernetes objects"),
        ('{"items": [{}]}', "damaged"),
        ('{"items": [null]}', "damaged"),
        ('{"items": [{"metadata": {"name": "x"}, "spec": 1, "status": 1}]}', "damaged"),
    ],
)
@pytest.mark.parametrize("kind", Kind)
def test_a_damaged_file_is_a_gap_of_its_kind_alone(
    kind: Kind, text: str, words: str, tmp_path: Path
) -> None:
    """The gap names the file and what is wrong with it; the other kinds are all there."""
    folder = copied("healthy", tmp_path)
    (folder / f"{kind}.json").write_text(text, "utf-8")

    gaps = read_folder(folder).gaps

    assert [kind] == [one.kind for one in gaps]
    assert f"{kind}.json" in gaps[0].words
    assert words in gaps[0].words


def test_an_empty_folder_is_a_gap_for_each_kind(tmp_path: Path) -> None:
    """What is not there is evidence, too."""
    assert list(Kind) == [one.kind for one in read_folder(tmp_path).gaps]


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", '{"source": 1}', '{"source": "x", "schema": 2}', '{"pods": [1]}', "[" * 9999),
        *('{"schema": 1}', '{"schema": 3, "mesh": {"cluster": null}}'),
    ],
)
def test_another_text_is_no_bundle(text: str) -> None:
    """One sentence says which file, and where it stops to be one."""
    with pytest.raises(bundle.BundleError, match=r"mine\.json is no bundle of meshdoctor: "):
        bundle.load(text, "mine.json")


def test_a_capture_is_whole() -> None:
    """The data of the tests is what it says: three nodes, and no kind is missing."""
    evidence = read_folder(CAPTURES / "healthy")

    assert (3, ()) == (len(evidence.nodes), evidence.gaps)
