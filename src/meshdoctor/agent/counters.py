"""Counters of a service's metrics page: read fast and safely, and compared over a while.

A page may be anything: whoever runs in the Pod writes it. Only lines that begin with a metric of
the catalogue are read, so many of them and so long at most, and of their labels only values that
are words of ours already. So whatever a page says, what is kept of it is small.

prometheus-client's parser needed 1.2 s for the worst half MiB that was found, and no probe of the
agent would be on time meanwhile; these patterns need 45 ms for it, and for an honest page a fifth
of the time. A test holds them against that parser.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from meshdoctor.faults import CAUSES
from meshdoctor.telemetry.catalogue import (
    DNS_LOOKUP_DURATION,
    HTTP_SERVER_DURATION,
    RPC_CLIENT_DURATION,
    RPC_CLIENT_FAILURES,
    RPC_SERVER_DURATION,
    Kind,
    Metric,
)

_MOST_LINES: Final = 1000
_LONGEST_LINE: Final = 1000
_MOST: Final = 2**53
_CODES: Final = frozenset(
    (
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    )
)
_DIGITS: Final = frozenset("12345")
_UNKNOWN: Final = "unknown"

Counts = Mapping[tuple[str, str], int]
"""What was counted, by what it is about (a field of `Caller`) and one of its words."""


class PageError(ValueError):
    """A text is no metrics page; the message says why."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a page said at one time.

    Attributes:
        at: Unix seconds.
        moment: the same by the monotonic clock.
        counts: since its process began.
    """

    at: float
    moment: float
    counts: Counts


def read(page: bytes) -> Counts:
    """Read a metrics page.

    Args:
        page: in the text format of Prometheus.

    Raises:
        PageError: it is none, or has too many lines of ours to be one of ours.
    """
    counts: dict[tuple[str, str], int] = {}
    for name, labels, value in _samples(page):
        if math.isfinite(value) and 0 <= value <= _MOST:
            about, label, words = _METRICS[name]
            key = about, _word(about, labels.get(label, ""), words)
            counts[key] = counts.get(key, 0) + int(value)
    return counts


def grown(looks: Sequence[Look]) -> Counts:
    """Give by how much counts grew from the first look to the last.

    A count that fell, or is gone, says that the process began anew: all of it counts from 0 then.

    Args:
        looks: at the same page, in turn.
    """
    sums: dict[tuple[str, str], int] = {}
    for before, after in pairwise(looks):
        again = began_anew(before, after)
        for key, count in after.counts.items():
            more = count if again else count - before.counts.get(key, 0)
            sums[key] = sums.get(key, 0) + more
    return sums


def began_anew(before: Look, after: Look) -> bool:
    """Tell whether the process began anew between two looks: a count fell, or is gone."""
    return any(after.counts.get(key, -1) < count for key, count in before.counts.items())


def about(counts: Counts, what: str) -> dict[str, int]:
    """Give the counts about one thing that are not 0, by their words.

    Args:
        counts: any.
        what: a field of `Caller`.
    """
    return {word: count for (one, word), count in sorted(counts.items()) if one == what and count}


def _samples(page: bytes) -> Iterator[tuple[str, Mapping[str, str], float]]:
    try:
        for line in _lines(page.decode()):
            if found := _SAMPLE.match(line):
                labels = dict(_LABEL.findall(found["labels"] or ""))
                yield found["name"], labels, float(found["value"])
            elif line.startswith(_BEGUN):
                raise PageError("no metrics page: a line of the mesh's that cannot be read")
    except ValueError as error:  # bytes that are no text, a value that is no number
        raise error if isinstance(error, PageError) else PageError("no metrics page") from error


def _lines(text: str) -> list[str]:
    ours = [line for line in text.split("\n") if line.startswith(_NAMES)]
    if len(ours) > _MOST_LINES:
        raise PageError(f"a metrics page with more than {_MOST_LINES} lines of the mesh")
    if any(len(line) > _LONGEST_LINE for line in ours):
        raise PageError(f"a metrics page with a line of more than {_LONGEST_LINE} characters")
    return ours


def _word(about: str, value: str, words: frozenset[str]) -> str:
    if not words:
        return ""
    shown = value[:1] if about == "visits" else value
    return shown if shown in words else _UNKNOWN


def _counted(metric: Metric) -> str:
    return f"{metric.name}_count" if metric.kind is Kind.HISTOGRAM else metric.name


_METRICS: Final = {
    _counted(RPC_CLIENT_DURATION): ("calls", "", frozenset[str]()),
    _counted(RPC_CLIENT_FAILURES): ("causes", "cause", frozenset(CAUSES)),
    _counted(DNS_LOOKUP_DURATION): ("lookups", "error_type", frozenset({"", *CAUSES})),
    _counted(RPC_SERVER_DURATION): ("handled", "rpc_response_status_code", _CODES),
    _counted(HTTP_SERVER_DURATION): ("visits", "http_response_status_code", _DIGITS),
}
_NAMES: Final = tuple(_METRICS)
_BEGUN: Final = tuple(f"{name}{after}" for name in _NAMES for after in "{ ")
# Possessive, so that no text makes them try again what they have read.
_PAIR: Final = r'[A-Za-z_]\w*+="[^"\\]*+(?:\\.[^"\\]*+)*+"'
_LABEL: Final = re.compile(r'([A-Za-z_]\w*+)="([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.ASCII)
_SAMPLE: Final = re.compile(
    rf"(?P<name>{'|'.join(_NAMES)})"
    rf"(?:\{{(?P<labels>(?:{_PAIR}(?:,|(?=\}})))*+)\}})?"
    r" (?P<value>\S++)(?: |$)",
    re.ASCII,
)
