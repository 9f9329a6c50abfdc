"""Notes are written up once, in order, and before anybody reads the metrics."""

import logging
import threading
import time

import pytest
from prometheus_client import CollectorRegistry, Counter

from meshdoctor.telemetry.journal import Journal


def test_notes_are_written_soon_in_order_by_another_thread() -> None:
    """A hundred notes are written within a second, in order, and not by who made them."""
    journal, written, threads = Journal(), list[int](), set[int]()

    def write(number: int) -> None:
        written.append(number)
        threads.add(threading.get_ident())

    for number in range(100):
        journal.note(write, number)
    until = time.monotonic() + 1
    while len(written) < 100 and time.monotonic() < until:
        time.sleep(0.01)

    assert list(range(100)) == written
    assert threading.get_ident() not in threads


def test_a_reader_of_the_metrics_is_never_behind() -> None:
    """What was noted before a scrape is in it, without any waiting."""
    registry = CollectorRegistry()
    journal = Journal(registry)
    counter = Counter("noted", "notes", registry=registry)
    for _ in range(10):
        journal.note(counter.inc, 1)

    assert 10.0 == registry.get_sample_value("noted_total")


def test_each_note_is_written_once_whoever_writes() -> None:
    """Eight threads note and read at once: every note is counted once."""
    registry = CollectorRegistry()
    journal = Journal(registry)
    counter = Counter("noted", "notes", registry=registry)

    def work() -> None:
        for number in range(2000):
            journal.note(counter.inc, 1)
            if number % 100 == 0:
                journal.write_up()

    crowd = [threading.Thread(target=work) for _ in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert 16_000.0 == registry.get_sample_value("noted_total")


def test_a_note_that_cannot_be_written_keeps_no_other_from_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One fault in writing is one line of the log, and the next note is written."""
    journal, written = Journal(), list[int]()

    def write(number: int) -> None:
        written.append(10 // number)

    with caplog.at_level(logging.ERROR):
        for number in (5, 0, 2):
            journal.note(write, number)
        journal.write_up()

    assert [2, 5] == written
    assert ["a note was lost"] == [record.message for record in caplog.records]


def test_notes_never_pile_up() -> None:
    """More notes than can be kept are written by who makes them, not lost and not hoarded."""
    journal, written = Journal(), list[int]()
    for number in range(30_000):
        journal.note(written.append, number)
    journal.write_up()

    assert list(range(30_000)) == written
