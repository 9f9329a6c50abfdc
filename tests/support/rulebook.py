"""The generated rules as tests of alerts read them: which alerts there are, and at what pace."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

GENERATED: Final = Path(__file__).resolve().parents[2] / "observability/generated"
RULES: Final = GENERATED / "prometheus/rules.yaml"

Named = tuple[str, str]
"""An alert's name and its severity."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The groups of a rule file."""

    groups: tuple[dict[str, Any], ...]

    @classmethod
    def read(cls, path: Path = RULES) -> "Rulebook":
        """Read a rule file."""
        return cls(tuple(yaml.safe_load(path.read_text("utf-8"))["groups"]))

    @property
    def paces(self) -> dict[Named, int]:
        """Seconds between two evaluations, by alert."""
        return {
            (rule["alert"], rule["labels"]["severity"]): seconds(group)
            for group in self.groups
            for rule in group["rules"]
            if "alert" in rule
        }

    def at_pace(self, pace: int, folder: Path) -> Path:
        """Write the groups that are evaluated at one pace into a file of their own.

        promtool evaluates all groups of a file at one pace, whatever their own intervals say.
        """
        path = folder / f"rules-{pace}.yaml"
        groups = [group for group in self.groups if seconds(group) == pace]
        path.write_text(yaml.safe_dump({"groups": groups}, sort_keys=False), "utf-8")
        return path


def seconds(group: dict[str, Any]) -> int:
    """Return a group's interval; the generated ones are whole seconds."""
    return int(str(group["interval"]).removesuffix("s"))
