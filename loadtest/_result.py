"""The result file: what a run measured, as one JSON document that other programs read."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from _gate import Outcome
from _tally import Bin, Tally, percentile

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def document(
    tally: Tally, outcomes: Iterable[Outcome], users: Mapping[int, int], *, started: float
) -> dict[str, Any]:
    """Put a run into the words of the result file.

    Args:
        tally: What was counted.
        outcomes: What the gate made of it.
        users: Unix second -> users at that time.
        started: Unix time in seconds at which the load began.

    Returns:
        Plain data. Latencies are milliseconds and 0.0 where there was no request; shares are
        0 to 1; `series` has one entry a second, `at` seconds after the load began.
    """
    total = tally.all()
    lasted = max(tally.last_ended - started, 0.0)
    return {
        "started": started,
        "requests": total.requests,
        "failures": total.failures,
        "rps": round(total.requests / lasted, 3) if lasted else 0.0,
        "latency_ms": _quantiles(total),
        "histogram": [[bound / 1000, total.latencies[bound]] for bound in sorted(total.latencies)],
        "per_name": [
            {"method": method, "name": name, "requests": one.requests, "failures": one.failures}
            | _quantiles(one)
            for (method, name), one in sorted(tally.names.items())
        ],
        "errors": [
            {"name": name, "text": text, "count": count}
            for (name, text), count in tally.errors.most_common()
        ],
        "series": _series(tally, users, int(started)),
        "objectives": [_objective(outcome) for outcome in outcomes],
        "degraded_pages": tally.counts["pages"] - tally.counts["live"],
    }


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write the document so that a reader sees the old file or the whole new one.

    Args:
        path: Where; its folder exists.
        content: What `document` returned.

    Raises:
        OSError: The file cannot be written; nothing is left behind.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(content) + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _quantiles(one: Bin) -> dict[str, float]:
    return {name: percentile(one.latencies, share) for name, share in QUANTILES.items()}


def _objective(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.objective.name,
        "target": outcome.objective.target,
        "measured": outcome.measured or 0.0,
        "met": outcome.met,
        "unit": "ratio",
        "meaning": outcome.objective.meaning,
        "good": outcome.good,
        "total": outcome.total,
    }


def _series(tally: Tally, users: Mapping[int, int], started: int) -> list[dict[str, Any]]:
    """Give every second its entry, the silent ones too: a stall must show."""
    known = tally.seconds.keys() | users.keys()
    present = users[min(users)] if users else 0
    series = []
    for second in range(started, max(known, default=started - 1) + 1):
        present = users.get(second, present)
        one = tally.seconds.get(second, Bin())
        series.append(
            {
                "at": second - started,
                "users": present,
                "rps": one.requests,
                "failures_per_s": one.failures,
            }
            | {f"{name}_ms": value for name, value in _quantiles(one).items()}
        )
    return series
