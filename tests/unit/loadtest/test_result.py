"""The result file."""

from pathlib import Path

import pytest

from _gate import judge
from _result import document, write
from _slo import OBJECTIVES
from _tally import Request, Tally


def tally() -> Tally:
    """Count four requests: three in the first second, and one two seconds later."""
    counted = Tally()
    for request in (
        Request("GET", "/", 1000.6, 2.0, 200, "live", ""),
        Request("GET", "/", 1000.7, 4.0, 200, "stale", ""),
        Request("GET", "/api", 1000.8, 300.0, 200, "live", ""),
        Request("GET", "/api", 1002.5, 8.0, 500, "", "status 500, not 200"),
    ):
        counted.add(request, threshold_ms=250.0)
    return counted


def test_a_run_is_put_into_the_words_of_the_file() -> None:
    """Every part of the document follows from the counts; the silent second is there too."""
    counted = tally()

    content = document(
        counted, judge(counted.counts, OBJECTIVES), {1000: 3, 1001: 4}, started=1000.5
    )

    objectives = content.pop("objectives")
    assert {
        "started": 1000.5,
        "requests": 4,
        "failures": 1,
        "rps": 2.0,
        "latency_ms": {"p50": 4.0, "p95": 300.0, "p99": 300.0},
        "histogram": [[2.0, 1], [4.0, 1], [8.0, 1], [300.0, 1]],
        "per_name": [
            {"method": "GET", "name": "/", "requests": 2, "failures": 0}
            | {"p50": 2.0, "p95": 4.0, "p99": 4.0},
            {"method": "GET", "name": "/api", "requests": 2, "failures": 1}
            | {"p50": 8.0, "p95": 300.0, "p99": 300.0},
        ],
        "errors": [{"name": "/api", "text": "status 500, not 200", "count": 1}],
        "series": [
            {"at": 0, "users": 3, "rps": 3, "failures_per_s": 0}
            | {"p50_ms": 4.0, "p95_ms": 300.0, "p99_ms": 300.0},
            {"at": 1, "users": 4, "rps": 0, "failures_per_s": 0}
            | {"p50_ms": 0.0, "p95_ms": 0.0, "p99_ms": 0.0},
            {"at": 2, "users": 4, "rps": 1, "failures_per_s": 1}
            | {"p50_ms": 8.0, "p95_ms": 8.0, "p99_ms": 8.0},
        ],
        "degraded_pages": 1,
    } == content
    assert {
        "name": "availability",
        "target": 0.999,
        "measured": 0.75,
        "met": False,
        "unit": "ratio",
        "meaning": "got an answer, and not a server error (5xx)",
        "good": 3,
        "total": 4,
    } == objectives[0]


def test_an_empty_run_has_a_document_too() -> None:
    """A run in which nothing happened gives zeros, and no division by them."""
    content = document(Tally(), judge({}, OBJECTIVES), {}, started=1000.5)

    assert (0, 0.0, []) == (content["requests"], content["rps"], content["series"])
    assert [0.0] * len(OBJECTIVES) == [one["measured"] for one in content["objectives"]]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    """What cannot be written leaves the old file as it was, and nothing beside it."""
    path = tmp_path / "result.json"
    write(path, {"requests": 1})

    with pytest.raises(TypeError):
        write(path, {"requests": object()})

    assert '{"requests": 1}\n' == path.read_text()
    assert [path] == list(tmp_path.iterdir())
