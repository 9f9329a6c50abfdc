"""Colours that a colour-blind reader can tell apart, and what tells lines apart without colour.

The colours are six of the eight of Okabe and Ito ("Color Universal Design", 2008), whose black and
yellow vanish on Grafana's dark and light page. A word has the same colour and the same kind of line
on every panel; Grafana's own colour-blind palette is younger than the Grafanas in use, and those
know only the names of colour schemes that they have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from meshdoctor.faults import CAUSES

BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"

PALETTE: Final = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
"""In the order in which they are given out: neighbours differ most."""

STATES: Final = {"good": GREEN, "warn": ORANGE, "bad": VERMILLION}
"""What thresholds and words are painted with."""

NEUTRAL: Final = BLUE
"""Where no value is better than another."""

EXEMPLAR: Final = VERMILLION


@dataclass(frozen=True, slots=True)
class Look:
    """How a line is drawn.

    Attributes:
        colour: `#rrggbb`.
        fill: Grafana's word for the kind of line.
        dash: lengths of line and gap in pixels; empty is a line without gaps.
    """

    colour: str
    fill: str
    dash: tuple[int, ...]


_KINDS: Final[tuple[tuple[str, tuple[int, ...]], ...]] = (
    ("solid", ()),
    ("dash", (10, 6)),
    ("dot", (0, 8)),
)


def look(place: int) -> Look:
    """Return how the line at `place`, from 0, is drawn: each differs, and the first six in colour.

    Colour and kind of line both change from one line to the next, so that neighbours differ
    without any colour.
    """
    turn, colour = divmod(place, len(PALETTE))
    fill, dash = _KINDS[(colour + turn) % len(_KINDS)]
    return Look(PALETTE[colour], fill, dash)


_CODES = (
    *("OK", "UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INTERNAL", "CANCELLED"),
    *("UNKNOWN", "INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "ABORTED", "DATA_LOSS"),
)
_FAILING = ("none", *CAUSES)

WORDS: Final[dict[str, Sequence[str]]] = {
    "cause": _FAILING,
    "error_type": _FAILING,
    "rpc_response_status_code": _CODES,
    "http_response_status_code": ("200", "500", "404", "503", "429"),
    "freshness": ("live", "stale", "builtin"),
    "outcome": ("sent", "denied", "exported", "dropped"),
}
"""The values of a label that we know beforehand, in an order that keeps the frequent ones apart."""


def looks(label: str) -> Iterator[tuple[str, Look]]:
    """Yield each known word of a label with its look."""
    return ((word, look(place)) for place, word in enumerate(WORDS.get(label, ())))
