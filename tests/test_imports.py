"""The one arrow that import-linter cannot hold, because loadtest/ is no package."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = {"bookstore", "marketplace", "meshdoctor", "recommendations"}


def imported_roots(source: Path) -> set[str]:
    """Return the first word of every module that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_the_load_test_imports_nothing_of_ours() -> None:
    """`locust -f loadtest/` needs Locust alone: it knows the shop by its web pages only."""
    files = sorted((ROOT / "loadtest").rglob("*.py"))

    assert files, "loadtest/ holds no file: has it moved?"
    assert {} == {str(path): names for path in files if (names := imported_roots(path) & OURS)}
