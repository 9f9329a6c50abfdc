"""The load generator's result file, and the command that writes it."""

import json
from pathlib import Path

import pytest

from meshdoctor.lab.guardian import Guardian
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.load import LoadBroken, LoadPlan, program, read_result
from meshdoctor.lab.model import Latency, Objective, Sample
from meshdoctor.lab.processes import Process, Program

PLAN = LoadPlan(users=50, seconds=9, shape="spike")
CONTENT = {
    "started": 1.0,
    "requests": 10,
    "failures": 2,
    "rps": 5.0,
    "latency_ms": {"p50": 1.0, "p95": 2.0, "p99": 3.0},
    "histogram": [[1.5, 8], [3.0, 2]],
    "per_name": [
        {"method": "GET", "name": "/", "requests": 10, "failures": 2, "p50": 1, "p95": 2, "p99": 3}
    ],
    "errors": [{"name": "/", "text": "a", "count": 1}, {"name": "/api", "text": "a", "count": 1}],
    "series": [
        dict(zip(Sample.__dataclass_fields__, (0.0, 5, 5.0, 1.0, 1.0, 2.0, 3.0), strict=True))
    ],
    "objectives": [
        {"name": "latency", "target": 0.99, "measured": 0.8, "met": False, "unit": "ratio"}
        | {"meaning": "took less than 250 ms", "good": 8, "total": 10}
    ],
    "degraded_pages": 0,
}


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """A load generator that has not run."""
    process = Process(Program("load", ("true",)), tmp_path, Interruption(), Guardian(-1))
    process.log.write_text("Traceback\nModuleNotFoundError: No module named 'locust'\n")
    return process


def test_the_result_file_becomes_a_load_result(tmp_path: Path, process: Process) -> None:
    """Every figure arrives under its name; errors are told with the request they hit."""
    (tmp_path / "load.json").write_text(json.dumps(CONTENT))
    result = read_result(tmp_path / "load.json", process)

    assert (10, 2, 5.0) == (result.requests, result.failures, result.rps)
    assert Latency(1.0, 2.0, 3.0) == result.latency_ms
    assert ((1.5, 8), (3.0, 2)) == result.histogram
    assert {"/: a": 1, "/api: a": 1} == result.failures_by_text
    assert (Sample(0.0, 5, 5.0, 1.0, 1.0, 2.0, 3.0),) == result.series
    assert (
        Objective(
            name="latency",
            target=0.99,
            measured=0.8,
            met=False,
            unit="ratio",
            meaning="took less than 250 ms",
            good=8,
            total=10,
        ),
    ) == result.objectives


@pytest.mark.parametrize("text", [None, "", "{}", '{"requests": 1}', "[]"])
def test_a_missing_or_broken_result_shows_the_log(
    tmp_path: Path, process: Process, text: str | None
) -> None:
    """A load generator that died tells why, in place of a bare stack trace about JSON."""
    if text is not None:
        (tmp_path / "load.json").write_text(text)

    with pytest.raises(LoadBroken, match="left no usable result") as caught:
        read_result(tmp_path / "load.json", process)

    assert "No module named 'locust'" in str(caught.value)


def test_the_command_says_how_to_push(tmp_path: Path) -> None:
    """Users, length, shape and page reach Locust; all users are there after two seconds."""
    result = tmp_path / "load.json"
    command = " ".join(program(PLAN, "http://127.0.0.1:1", result, "127.0.0.9:9646").command)

    assert "--host http://127.0.0.1:1 --users 50 --spawn-rate 25" in command
    assert "--run-time 9s --shape spike" in command
    assert "--metrics-host 127.0.0.9 --metrics-port 9646" in command


def test_an_installation_without_the_checkout_says_so(tmp_path: Path) -> None:
    """The load test is no part of the wheel."""
    with pytest.raises(LoadBroken, match="run the lab from a checkout"):
        program(PLAN, "http://127.0.0.1:1", tmp_path / "load.json", "", tmp_path / "none")
