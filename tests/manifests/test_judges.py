"""What well-kept judges say of the rendered overlays: Kubernetes' own schemas, and checkov."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.custom_resources import is_custom
from tests.support.manifests import OVERLAYS, Manifest, Overlay, pods

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]

NO_DIGEST = "CKV_K8S_43"
NOT_ALWAYS_PULLED = "CKV_K8S_15"


@pytest.fixture(scope="module")
def versions(judges: Path) -> list[str]:
    """Give the newest three minor versions of Kubernetes that the judge knows."""
    ask = "import kubernetes_validate; print(kubernetes_validate.latest_version())"
    told = subprocess.run(
        (judges / "python", "-c", ask), check=True, capture_output=True, text=True
    )
    major, minor, _patch = told.stdout.split(".")
    return [f"{major}.{int(minor) - back}" for back in range(3)]


def validate(judges: Path, version: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Hold a file against the schemas of a version; unknown fields are errors."""
    command = (judges / "kubernetes-validate", "--strict", "-k", version, str(path))
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda one: one.name)
def test_the_newest_three_versions_know_every_field(
    overlay: Overlay, judges: Path, versions: list[str]
) -> None:
    """Every object is valid, and every one was looked at, but for kinds that are not theirs."""
    custom = sum(map(is_custom, overlay.objects))
    for version in versions:
        done = validate(judges, version, overlay.path)

        assert (0, "") == (done.returncode, done.stderr)
        assert custom == done.stdout.count("Couldn't find schema for kind ")
        assert len(overlay.objects) - custom == done.stdout.count(" passed for resource ")


def test_a_misspelt_field_is_found(judges: Path, versions: list[str], tmp_path: Path) -> None:
    """The judge would tell: a field that Kubernetes ignores in silence is an error here."""
    text = OVERLAYS[0].path.read_text("utf-8")
    path = tmp_path / "misspelt.yaml"
    path.write_text(text.replace("terminationGracePeriodSeconds", "terminationGraceSeconds"))

    done = validate(judges, versions[0], path)

    assert 1 == done.returncode
    assert "terminationGraceSeconds" in done.stdout


@pytest.fixture(scope="module")
def findings(judges: Path) -> dict[str, set[tuple[str, str]]]:
    """Give checkov's failed checks of each overlay, as check and resource; none may be skipped."""
    files = [part for overlay in OVERLAYS for part in ("--file", str(overlay.path))]
    command = (judges / "checkov", "--framework", "kubernetes", "--output", "json", "--quiet")
    done = subprocess.run(
        (*command, "--skip-download", *files), capture_output=True, text=True, check=False
    )
    report: Manifest = json.loads(done.stdout)
    assert (0, 0) == (report["summary"]["skipped"], report["summary"]["parsing_errors"])
    assert report["summary"]["passed"] > 100 * len(OVERLAYS)
    return {
        overlay.name: {
            (one["check_id"], one["resource"])
            for one in report["results"]["failed_checks"]
            if Path(one["file_path"]).name == overlay.path.name
        }
        for overlay in OVERLAYS
    }


def excused(overlay: Overlay) -> set[tuple[str, str]]:
    """Give what may fail: tags nobody has pinned yet, and kind's images, which have no registry."""
    found = set()
    for name, pod in pods(overlay).items():
        kind, place = name.split(" ")
        resource = f"{kind}.{place.replace('/', '.')}"
        images = [one["image"] for one in pod["spec"]["containers"]]
        if not all("@sha256:" in image for image in images):
            found.add((NO_DIGEST, resource))
        if overlay.name == "kind":
            found.add((NOT_ALWAYS_PULLED, resource))
    return found


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda one: one.name)
def test_checkov_finds_nothing(overlay: Overlay, findings: dict[str, set[tuple[str, str]]]) -> None:
    """No check fails but the excused ones, and no excuse outlives its cause."""
    assert excused(overlay) == findings[overlay.name]
