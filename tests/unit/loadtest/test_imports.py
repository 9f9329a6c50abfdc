"""What the load test leans on."""

import ast
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

LOADTEST = Path(__file__).parents[3] / "loadtest"
ON_LOCUST = {"_cluster.py", "_options.py", "_page.py", "_run.py", "_wiring.py", "locustfile.py"}
FURTHER = {
    "_page.py": {"gevent", "psutil"},
    "_wiring.py": {"gevent"},
}
FILES = sorted(LOADTEST.glob("**/*.py"))


def imports(path: Path) -> set[str]:
    """Name the top modules that a file imports, without the standard library."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_load_test_leans_on_few(path: Path) -> None:
    """It imports nothing of ours, and only these files touch Locust, which patches sockets."""
    helpers = {file.stem for file in FILES if file.name.startswith("_")}
    locust = {"locust"} if path.name in ON_LOCUST else set()

    assert imports(path) <= helpers | locust | FURTHER.get(path.name, set())


def test_locust_finds_one_file_to_run() -> None:
    """`locust -f loadtest/` imports every .py that does not begin with an underscore."""
    assert ["locustfile.py"] == [path.name for path in FILES if not path.name.startswith("_")]


def test_whoever_has_locust_has_all_it_needs() -> None:
    """It leans on nothing that Locust does not bring: its own image and `pip install` will do."""
    brought = {re.split(r"\W", one)[0] for one in importlib.metadata.requires("locust") or ()}

    assert set().union(*FURTHER.values()) <= brought
