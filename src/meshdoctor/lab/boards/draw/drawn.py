"""What a panel becomes: pictures and figures for the template, nothing yet of HTML but SVG."""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

BLANK: Final = Markup()
"""No picture."""


@dataclass(frozen=True, slots=True)
class Name:
    """One entry of a legend: colour, dashes (`dashed` or empty), name, and the newest value."""

    colour: str
    style: str
    text: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One large value; `sign` says what its colour says, `spark` is its course.

    `quiet` is a word that stands for no value.
    """

    text: str
    name: str = ""
    colour: str = ""
    sign: str = ""
    spark: Markup = BLANK
    dial: Markup = BLANK
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    text: str
    number: bool = False
    colour: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Heads (with whether their columns are numbers) and rows."""

    heads: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel that is ready for the page; most of it is empty, by its kind.

    Attributes:
        picture: one SVG.
        names: the legend.
        beside: whether the names also stand at the ends of the lines, so that the legend may be
            left out where the panel is wide.
        figures: large values.
        table: a table.
        notes: what the reader should know, such as what is left out.
        empty: why there is nothing, a few words; empty when there is something.
        why: more about that.
    """

    picture: Markup = BLANK
    names: tuple[Name, ...] = ()
    beside: bool = False
    figures: tuple[Figure, ...] = ()
    table: Table | None = None
    notes: tuple[str, ...] = ()
    empty: str = ""
    why: str = ""
