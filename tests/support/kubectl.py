"""The real kubectl, and no cluster but the one of the test."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.programs import program

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with a kubeconfig of its own.

    Attributes:
        program: the program.
        home: a folder for its kubeconfig and its cache.
    """

    program: Path
    home: Path

    @classmethod
    def towards(cls, url: str, home: Path) -> "Kubectl":
        """Write a kubeconfig that names an API, into an empty folder."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "loopback",
            "clusters": [{"name": "loopback", "cluster": {"server": url}}],
            "contexts": [{"name": "loopback", "context": {"cluster": "loopback", "user": "me"}}],
            "users": [{"name": "me", "user": {}}],
        }
        (home / "kubeconfig").write_text(json.dumps(config), "utf-8")
        return cls(program("kubectl"), home)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which kubectl finds that API, and no other."""
        return {
            "HOME": str(self.home),
            "KUBECONFIG": str(self.home / "kubeconfig"),
            "PATH": f"{self.program.parent}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it and give what it said, whatever that was."""
        return subprocess.run(
            (str(self.program), *words),
            cwd=Path(__file__).resolve().parents[2],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def said(self, *words: str) -> str:
        """Run it and give its output; it must succeed."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *words: str) -> dict[str, Any]:
        """Run it with `--output=json` and give what it found."""
        return dict(json.loads(self.said(*words, "--output=json")))
