"""The house keeps its own rules: one vocabulary, one catalogue, small rooms, everything documented.

What the source says is read with `ast`, so nothing has to be imported and no comment counts.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshdoctor.faults import CAUSES, FAULTS, Layer
from meshdoctor.telemetry import catalogue
from meshdoctor.telemetry.catalogue import AGENT, CATALOGUE, LOAD, Kind, Metric
from observability.model import Severity
from observability.rules import ALERTS, NOT_PAGED, PAGED_LATE

ROOT = Path(__file__).resolve().parents[1]
LONGEST_MODULE = 400
LONGEST_USUAL_FUNCTION = 30
USUAL = 0.9

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function


def files(*folders: str) -> list[Path]:
    """Return the Python files of folders, in order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


OURS = files("src", "services", "observability", "loadtest")
METRICS = (*CATALOGUE, *LOAD, *AGENT)
TESTS = files("tests")
WORDS = re.compile(rf"({'|'.join(Layer)}|connect)-[a-z]+(-[a-z]+)*")
METRIC_WORDS = re.compile(
    r"\b(http|rpc|dns|telemetry|node_probe|edge_probe|tls)_[a-z_]+_(seconds|total|requests|calls|state|success)"
    r"|\blocust_[a-z_]+"
)


def tree(path: Path) -> ast.Module:
    """Parse a file."""
    return ast.parse(path.read_text("utf-8"))


def where(path: Path, line: int = 0) -> str:
    """Return a place that an editor can open."""
    return f"{path.relative_to(ROOT)}:{line}"


def functions(path: Path) -> Iterator[Function]:
    """Yield every function of a file, inner ones and methods too."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def strings(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the string constants of a file and their lines, docstrings left out."""
    parsed = tree(path)
    prose = {
        id(node.value)
        for node in ast.walk(parsed)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(parsed):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value, node.lineno


def public(node: ast.AST, inside: str = "") -> Iterator[tuple[str, Documented]]:
    """Yield what a reader may use, with its name: functions, classes, methods; no overrides."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | Function) and not child.name.startswith("_"):
            yield f"{inside}{child.name}", child
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{child.name}.")


# The vocabulary


def test_every_cause_that_the_toolbox_tells_is_a_word() -> None:
    """A string that looks like a fault or a cause is one: no dialect grows beside `faults.py`."""
    strangers = [
        f"{where(path, line)} {text}"
        for path in files("src/meshdoctor/telemetry", "src/meshdoctor/mesh")
        for text, line in strings(path)
        if WORDS.fullmatch(text) and text not in CAUSES and text not in FAULTS
    ]

    assert [] == strangers


def test_every_cause_is_told_by_somebody() -> None:
    """A cause that no code can tell would be a promise; each is spelled where calls are judged."""
    told = {
        text
        for path in files("src/meshdoctor/telemetry", "src/meshdoctor/mesh")
        for text, _line in strings(path)
    }

    assert [] == [code for code in CAUSES if code not in told]


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_wakes_somebody_or_it_is_said_why_not(code: str) -> None:
    """Every fault has an alert that pages for it, or a reason why nobody has to get up."""
    paging = [it.name for it in ALERTS if code in it.faults and it.severity is Severity.PAGE]

    assert bool(paging) != (code in NOT_PAGED)
    assert len("a reason with words") < len(NOT_PAGED.get(code, "it is paged, so none is asked"))


def test_a_reason_not_to_page_is_for_a_fault() -> None:
    """No reason is left over from a fault that is gone, and none is for two things."""
    assert [] == [code for code in (*NOT_PAGED, *PAGED_LATE) if code not in FAULTS]
    assert set() == NOT_PAGED.keys() & PAGED_LATE.keys()


# The catalogue


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_asks(metric: Metric) -> None:
    """Lower case, the unit or `_total` at the end, labels alike, one line of help."""
    endings = {Kind.COUNTER: "_total", Kind.HISTOGRAM: "_seconds", Kind.GAUGE: ""}

    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", metric.name)
    assert metric.name.endswith(endings[metric.kind])
    assert (metric.kind is Kind.HISTOGRAM) == bool(metric.buckets)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert [] == [label for label in metric.labels if not re.fullmatch(r"[a-z]+(_[a-z]+)*", label)]
    assert metric.help
    assert "\n" not in metric.help


def test_a_name_is_one_metric() -> None:
    """No two metrics share a name, and all constants are in one of the lists."""
    constants = [value for value in vars(catalogue).values() if isinstance(value, Metric)]

    assert len(METRICS) == len({metric.name for metric in METRICS})
    assert list(METRICS) == constants


def test_metrics_are_spelled_in_the_catalogue_alone() -> None:
    """Code that needs a metric's name imports it: a name typed elsewhere is a name that drifts."""
    typed = [
        f"{where(path, line)} {match.group()}"
        for path in files("src", "services", "observability")
        if path != Path(catalogue.__file__)
        for text, line in strings(path)
        for match in METRIC_WORDS.finditer(text)
    ]

    assert [] == typed


def test_every_metric_is_observed_somewhere() -> None:
    """Each instrument made from the catalogue is used by code beside the one that makes it."""
    maker = ROOT / "src/meshdoctor/telemetry/instruments.py"
    made = {
        node.attr: node.lineno
        for node in ast.walk(tree(maker))
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and not node.attr.startswith("_")
        and node.attr != "registry"
    }
    used = {
        node.attr
        for path in files("src", "services")
        if path != maker
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }

    assert len(CATALOGUE) == len(made)
    assert [] == [name for name in made if name not in used]


# The rooms


def test_modules_are_small() -> None:
    """A file is read in one sitting."""
    lengths = {path: path.read_text("utf-8").count("\n") for path in OURS + TESTS}

    assert [] == [where(path, lines) for path, lines in lengths.items() if lines > LONGEST_MODULE]


@pytest.mark.parametrize("room", [OURS, TESTS], ids=["code", "tests"])
def test_functions_are_small(room: list[Path]) -> None:
    """Nine functions of ten fit into 30 lines, docstring included."""
    lengths = sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in room
        for node in functions(path)
    )

    assert LONGEST_USUAL_FUNCTION >= lengths[int(USUAL * (len(lengths) - 1))]


def test_everything_public_is_documented() -> None:
    """Every module, and every class, function and method that others may use, says what it is."""
    silent = [
        f"{where(path, getattr(node, 'lineno', 1))} {name}"
        for path in OURS
        for name, node in (("", tree(path)), *public(tree(path)))
        if not ast.get_docstring(node)
    ]

    assert [] == silent


def test_every_test_states_its_claim() -> None:
    """A test without a docstring is a mystery when it fails."""
    silent = [
        f"{where(path, node.lineno)} {node.name}"
        for path in TESTS
        for node in functions(path)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert [] == silent


def test_no_test_replaces_a_part_by_a_mock() -> None:
    """Real sockets, processes and servers: nothing of the code under test is patched away."""
    mocking = [
        where(path, node.lineno)
        for path in TESTS
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest"))
        or (isinstance(node, ast.Import) and any("mock" in name.name for name in node.names))
        or (isinstance(node, ast.Attribute) and ast.unparse(node) == "monkeypatch.setattr")
    ]

    assert [] == mocking
