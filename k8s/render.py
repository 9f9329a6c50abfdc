"""Write each overlay as one file, as `kubectl apply` would send it: `nox -s manifests`.

`python k8s/render.py [FOLDER]` writes OVERLAY.yaml for each folder of k8s/overlays, into
k8s/rendered unless told otherwise.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from meshdoctor.lab.aptget import AptError, Deadline
from meshdoctor.lab.packages import fetch, locate

ROOT = Path(__file__).parent
RENDERED = ROOT / "rendered"
CACHE = Path("~/.cache/meshdoctor")

_FETCH_SECONDS = 120.0
_OLDEST = 5  # kustomize 4 has no `labels` with templates, and kubectl had 2 for years
_HEADER = "# Rendered by `nox -s manifests` from k8s/overlays/{name}: change it there.\n"


class RenderError(Exception):
    """There is nothing to render with, or an overlay is wrong; the text says which."""


def overlays() -> list[Path]:
    """Return the folders of all overlays, in order of their names."""
    return sorted(path.parent for path in ROOT.glob("overlays/*/kustomization.yaml"))


def find_tool() -> tuple[str, ...]:
    """Return the command that renders a folder: the first of `kustomize`, `kubectl`, Debian's.

    Raises:
        RenderError: none of them is to be had.
    """
    cache = CACHE.expanduser()
    if found := locate("kustomize", cache):
        return (str(found), "build")
    if (kubectl := shutil.which("kubectl")) and _is_new_enough(kubectl):
        return (kubectl, "kustomize")
    try:
        fetch(["kustomize"], cache, Deadline(_FETCH_SECONDS), None)
    except (AptError, OSError) as error:
        raise RenderError(f"no kustomize on PATH, and none to fetch: {error}") from error
    return (str(locate("kustomize", cache)), "build")


def render(overlay: Path, tool: tuple[str, ...]) -> str:
    """Return an overlay as YAML.

    Args:
        overlay: its folder.
        tool: what `find_tool` returned.

    Raises:
        RenderError: in kustomize's own words.
    """
    done = subprocess.run((*tool, str(overlay)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RenderError(f"k8s/overlays/{overlay.name} cannot be rendered: {done.stderr.strip()}")
    return _HEADER.format(name=overlay.name) + done.stdout


def main() -> int:
    """Render everything first and write it then: a failure leaves the old files as they were."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else RENDERED
    try:
        tool = find_tool()
        texts = {overlay.name: render(overlay, tool) for overlay in overlays()}
    except RenderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return 0


def _is_new_enough(kubectl: str) -> bool:
    command = (kubectl, "version", "--client", "--output=json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    version = json.loads(done.stdout or "{}").get("kustomizeVersion", "v0")
    return int(version.lstrip("v").partition(".")[0]) >= _OLDEST


if __name__ == "__main__":
    sys.exit(main())
