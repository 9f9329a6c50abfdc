"""The rendered overlays are what the overlays say."""

import subprocess
import sys
from pathlib import Path

import pytest

from k8s.render import RenderError, find_tool, overlays, render
from tests.support.manifests import RENDERED, ROOT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]  # a kustomize may be fetched


def test_what_is_committed_is_what_renders(tmp_path: Path) -> None:
    """Each overlay renders to its committed file, and no file is left of an overlay that is gone.

    `nox -s manifests` writes them anew.
    """
    subprocess.run((sys.executable, "k8s/render.py", str(tmp_path)), cwd=ROOT, check=True)

    written = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert {path.name: path.read_text("utf-8") for path in RENDERED.iterdir()} == written
    assert {f"{path.name}.yaml" for path in overlays()} == set(written)


def test_a_broken_overlay_says_what_is_wrong(tmp_path: Path) -> None:
    """The error names the overlay, and kustomize's words name what is missing."""
    (tmp_path / "kustomization.yaml").write_text("resources: [nowhere.yaml]\n")

    with pytest.raises(RenderError, match=rf"overlays/{tmp_path.name} cannot .*\n?.*nowhere\.yaml"):
        render(tmp_path, find_tool())
