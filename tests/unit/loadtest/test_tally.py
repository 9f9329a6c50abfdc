"""Counting requests, in one process and in several."""

import json

import pytest

from _tally import Request, Tally, percentile, upper_bound


def request(
    milliseconds: float = 10.0,
    *,
    status: int = 200,
    freshness: str = "live",
    error: str = "",
    ended: float = 1000.5,
) -> Request:
    """Make a request that went well, but for what is said."""
    return Request("GET", "/", ended, milliseconds, status, freshness, error)


def tally_of(*requests: Request) -> Tally:
    """Count these with a threshold of 250 ms."""
    tally = Tally()
    for one in requests:
        tally.add(one, threshold_ms=250.0)
    return tally


@pytest.mark.parametrize(
    ("milliseconds", "bound"),
    [
        (0.0, 100),
        (0.01, 100),
        (0.1, 100),
        (0.11, 200),
        (9.95, 10_000),
        (10.0, 10_000),
        (10.01, 11_000),
        (247.3, 250_000),
        (250.0, 250_000),
        (250.1, 260_000),
        (3000.0, 3_000_000),
        (12_345.0, 13_000_000),
    ],
)
def test_a_latency_is_rounded_up_to_two_digits(milliseconds: float, bound: int) -> None:
    """A bucket never claims that a request was faster than it was."""
    assert bound == upper_bound(milliseconds)


@pytest.mark.parametrize(
    ("share", "milliseconds"),
    [(0.5, 1.0), (0.9, 1.0), (0.91, 2.0), (0.99, 2.0), (0.995, 30.0), (1.0, 30.0)],
)
def test_a_percentile_covers_its_share(share: float, milliseconds: float) -> None:
    """The value returned is the lowest that at least this share of the requests stayed within."""
    assert milliseconds == percentile({1_000: 90, 2_000: 9, 30_000: 1}, share)


def test_no_requests_have_no_percentile() -> None:
    """Without requests it is 0, which the result file promises."""
    assert 0.0 == percentile({}, 0.99)


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        pytest.param(
            request(),
            {"requests": 1, "answers": 1, "fast": 1, "correct": 1, "pages": 1, "live": 1},
            id="live page",
        ),
        pytest.param(
            request(freshness="stale"),
            {"requests": 1, "answers": 1, "fast": 1, "correct": 1, "pages": 1, "live": 0},
            id="degraded page: good for all but freshness",
        ),
        pytest.param(
            request(status=400, freshness=""),
            {"requests": 1, "answers": 1, "fast": 1, "correct": 1},
            id="refusal that was due: no page",
        ),
        pytest.param(
            request(error="a bad request got status 200"),
            {"requests": 1, "answers": 1, "fast": 1, "correct": 0},
            id="wrong answer",
        ),
        pytest.param(
            request(249.999),
            {"requests": 1, "answers": 1, "fast": 1, "correct": 1, "pages": 1, "live": 1},
            id="just fast: compared itself, not its bucket",
        ),
        pytest.param(
            request(250.0),
            {"requests": 1, "answers": 1, "fast": 0, "correct": 1, "pages": 1, "live": 1},
            id="just slow",
        ),
        pytest.param(request(status=500, error="500"), {"requests": 1}, id="server error"),
        pytest.param(request(status=0, freshness="", error="refused"), {"requests": 1}, id="none"),
    ],
)
def test_a_request_counts_for_what_it_was(one: Request, counts: dict[str, int]) -> None:
    """Each kind of answer counts for and against exactly these objectives."""
    assert counts == dict(tally_of(one).counts)


def test_workers_add_up_to_one_run() -> None:
    """What two processes counted and sent as JSON is what one process would have counted."""
    first = [request(5.0), request(300.0, ended=1001.2), request(status=500, error="500")]
    second = [request(7.0, freshness="stale", ended=1002.9), request(status=500, error="500")]
    merged = Tally()

    for part in (first, second):
        merged.merge(through_json(tally_of(*part)))

    assert tally_of(*first, *second) == merged


def test_errors_are_counted_by_text() -> None:
    """Equal texts are one entry, and a long one is cut, so that a flood cannot fill the memory."""
    tally = tally_of(request(error="x" * 1000), request(error="x" * 1000), request(error="y"))

    assert {("/", "x" * 200): 2, ("/", "y"): 1} == dict(tally.errors)


def through_json(tally: Tally) -> dict[str, object]:
    """Give what a worker sends; JSON is stricter than Locust's msgpack, but for number keys."""
    plain = tally.plain()
    json.dumps(plain)
    return plain
