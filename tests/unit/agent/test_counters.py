"""Counters of a metrics page: read whatever it says, and compared over restarts."""

import time
from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from meshdoctor.agent.counters import Counts, Look, PageError, about, grown, read
from meshdoctor.faults import CAUSES
from meshdoctor.telemetry.catalogue import (
    CATALOGUE,
    DNS_LOOKUP_DURATION,
    HTTP_SERVER_DURATION,
    RPC_CLIENT_DURATION,
    RPC_CLIENT_FAILURES,
    RPC_SERVER_DURATION,
)
from meshdoctor.telemetry.instruments import make

FAILURES = RPC_CLIENT_FAILURES.name


def page() -> CollectorRegistry:
    """Give the metrics of a service that did a few things, by the library that services use."""
    registry = CollectorRegistry()
    made = {metric.name: make(metric, registry) for metric in CATALOGUE}
    calls = made[RPC_CLIENT_DURATION.name]
    calls.labels("Recommend", "OK", "").observe(0.1)
    calls.labels("Recommend", "UNAVAILABLE", "dns-timeout").observe(0.2)
    calls.labels("Recommend", "UNAVAILABLE", "connect-refused").observe(0.2)
    failures = made[FAILURES]
    failures.labels("Recommend", "dns-timeout").inc()
    failures.labels("Recommend", "connect-refused").inc()
    failures.labels("Other", "connect-refused").inc(2)
    lookups = made[DNS_LOOKUP_DURATION.name]
    lookups.labels("recommendations.", "").observe(0.001)
    lookups.labels("recommendations.", "dns-timeout").observe(1)
    made[RPC_SERVER_DURATION.name].labels("Recommend", "OK", "").observe(0.1)
    visits = made[HTTP_SERVER_DURATION.name]
    visits.labels("GET", "/", "200").observe(0.1)
    visits.labels("GET", "/", "204").observe(0.1)
    visits.labels("GET", "/", "500").observe(0.1)
    return registry


@pytest.mark.parametrize("write", [generate_latest, openmetrics], ids=["text", "openmetrics"])
def test_it_reads_what_our_services_write(write: object) -> None:
    """By what it is about and one word each; what was never counted is not there."""
    assert callable(write)
    found = read(write(page()))

    assert {"": 3} == about(found, "calls")
    assert {"connect-refused": 3, "dns-timeout": 1} == about(found, "causes")
    assert {"": 1, "dns-timeout": 1} == about(found, "lookups")
    assert {"OK": 1} == about(found, "handled")
    assert {"2": 2, "5": 1} == about(found, "visits")


@given(
    st.lists(
        st.tuples(st.text(), st.text() | st.sampled_from(sorted(CAUSES)), st.integers(0, 10**6)),
        max_size=5,
        unique_by=lambda one: one[:2],
    )
)
def test_it_reads_labels_as_the_library_that_wrote_them_does(
    rows: list[tuple[str, str, int]],
) -> None:
    """With quotes, backslashes, braces, commas and ends of lines in them."""
    registry = CollectorRegistry()
    failures = make(RPC_CLIENT_FAILURES, registry)
    for method, cause, count in rows:
        failures.labels(method, cause).inc(count)
    text = generate_latest(registry)

    expected: Counter[str] = Counter()
    for family in text_string_to_metric_families(text.decode()):
        for one in family.samples:
            if one.name == FAILURES:
                cause = one.labels["cause"]
                expected[cause if cause in CAUSES else "unknown"] += int(one.value)
    assert +expected == Counter(about(read(text), "causes"))


def test_a_page_made_to_be_slow_is_not() -> None:
    """Half a MiB of labels: the agent's probes wait for it, and their time is measured."""
    labels = ",".join(f'a{number}="b"' for number in range(100))
    text = f"{FAILURES}{{{labels}}} 1\n".encode() * 600
    begun = time.process_time()

    assert {"unknown": 600} == about(read(text), "causes")
    assert time.process_time() - begun < 0.4


def test_strange_words_are_all_one() -> None:
    """A page with ten thousand causes makes no report longer."""
    lines = (f'{FAILURES}{{cause="made-up-{number}"}} 1\n' for number in range(500))

    assert {"unknown": 500} == about(read("".join(lines).encode()), "causes")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\xff\xfe", "no metrics page"),
        (f"{FAILURES} one\n".encode(), "no metrics page"),
        (f'{FAILURES}{{cause="x}} 1\n'.encode(), "no metrics page"),
        (f"{FAILURES} 1\n".encode() * 1001, "more than 1000 lines"),
        (f"{FAILURES}{{cause='{'x' * 1000}'}} 1\n".encode(), "more than 1000 characters"),
    ],
)
def test_what_is_no_page_is_told(text: bytes, words: str) -> None:
    """In a sentence that says what is wrong with it."""
    with pytest.raises(PageError, match=words):
        read(text)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-1", "1e300"])
def test_what_cannot_be_counted_is_passed_over(value: str) -> None:
    """A counter is a whole number that an agent can hold."""
    assert {} == about(read(f'{FAILURES}{{cause="unknown"}} {value}\n'.encode()), "causes")


@given(st.text(alphabet=st.sampled_from(' {}="\\\n,#.:_a1e+-\x00é')), st.booleans())
def test_any_text_is_a_page_or_an_error(text: str, named: bool) -> None:  # noqa: FBT001 - drawn
    """And what is read of it are words of ours with whole numbers."""
    with suppress(PageError):
        for (what, word), count in read(f"{FAILURES if named else ''}{text}".encode()).items():
            assert "causes" == what
            assert word in {*CAUSES, "unknown"}
            assert 0 <= count


def looks(*all_counts: Counts) -> list[Look]:
    """Give looks a second apart."""
    return [Look(float(at), float(at), counts) for at, counts in enumerate(all_counts)]


A, B = ("causes", "dns-timeout"), ("causes", "unknown")


def test_growth_is_from_the_first_look_to_the_last() -> None:
    """What is new on the page began at 0."""
    assert {A: 7, B: 2} == grown(looks({A: 3}, {A: 5}, {A: 10, B: 2}))


def test_one_look_shows_no_growth() -> None:
    """What a service counted before the agent came is not of now."""
    assert {} == grown(looks({A: 3}))


def test_a_restart_begins_at_nothing() -> None:
    """One count that fell says so for all of the page, also where another is higher already."""
    assert {A: 2 + 1, B: 0 + 9} == grown(looks({A: 3, B: 5}, {A: 5, B: 5}, {A: 1, B: 9}))


def test_a_count_that_is_gone_says_that_the_process_began_anew() -> None:
    """A process shows no count before it counted."""
    assert {A: 4} == grown(looks({A: 3, B: 1}, {A: 4}))


@given(st.lists(st.dictionaries(st.sampled_from([A, B]), st.integers(0, 100)), max_size=5))
def test_growth_is_never_negative(many: list[dict[tuple[str, str], int]]) -> None:
    """Whatever the page shows, in whatever order."""
    assert all(count >= 0 for count in grown(looks(*many)).values())
