"""An overlay as text: by the program that `kubectl apply -k` would use.

`kustomize` is taken before `kubectl`, whose own copy of it was years old in some releases.
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SECONDS: Final = 8.0
"""For rendering; ours take a few tenths of a second. Remote bases are what takes long."""

_TOOLS: Final = (("kustomize", "build"), ("kubectl", "kustomize"))
_LONGEST: Final = 600


class RenderError(Exception):
    """There is no text; the message says why."""


def render(folder: Path, environ: Mapping[str, str], seconds: float = SECONDS) -> str:
    """Render an overlay.

    Args:
        folder: with a kustomization.
        environ: whose PATH has the program.
        seconds: that it may take.

    Raises:
        RenderError: there is no program, or it says no, in its own words.
    """
    if not folder.is_dir():
        raise RenderError(f"{folder}: no such folder")
    command = (*_tool(environ), str(folder))
    try:
        done = subprocess.run(  # noqa: S603 - a program of the user's, from a list
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=dict(environ),
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RenderError(
            f"{folder} was not rendered within {seconds:g} s: does it name a base on the internet?"
            " Render it where that is reachable, and give the text: -f FILE"
        ) from error
    except OSError as error:
        raise RenderError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise RenderError(f"{folder} cannot be rendered: {said[:_LONGEST]}")
    return done.stdout.decode("utf-8", "replace")


def _tool(environ: Mapping[str, str]) -> tuple[str, str]:
    for name, word in _TOOLS:
        if found := shutil.which(name, path=environ.get("PATH")):
            return found, word
    raise RenderError(
        "neither kustomize nor kubectl is on PATH: install one, or render the overlay elsewhere"
        " and give the text: -f FILE"
    )
