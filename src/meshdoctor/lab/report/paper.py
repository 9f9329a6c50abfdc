"""What every page of the lab shares: its style, the policy that lets nothing else in, templates."""

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from meshdoctor.lab.model import Trace
from meshdoctor.lab.report import bars, numbers, waterfall

HERE: Final = Path(__file__).parent
_WIDE, _NARROW = 560.0, 340.0


@dataclass(frozen=True, slots=True)
class Style:
    """A style sheet and the only Content-Security-Policy under which it applies."""

    text: Markup
    policy: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One chart drawn twice, for a wide and a narrow screen, so that its letters keep a size."""

    wide: Markup
    narrow: Markup


def style(*files: Path) -> Style:
    """Join style sheets, and make the policy that lets them in and forbids everything else.

    No script runs, no image or font is fetched, and only the one style sheet whose hash the policy
    names applies (Content Security Policy level 3, hash sources).
    """
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'"
    return Style(Markup(text), policy)  # noqa: S704 - our own files


def environment(*folders: Path) -> Environment:
    """Make templates in which every text is escaped and cleaned, and a missing one is an error.

    Args:
        folders: where templates are, before the report's own.
    """
    made = Environment(
        autoescape=True,
        finalize=_printable,
        loader=FileSystemLoader([*folders, HERE]),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    filters = (numbers.count, numbers.plain, numbers.milliseconds, numbers.percent, numbers.moment)
    made.filters.update({each.__name__: each for each in filters})
    made.filters["rows"] = waterfall.rows
    made.filters["colours"] = waterfall.colours
    made.globals["most_rows"] = waterfall.MOST_ROWS
    made.globals["waterfall"] = _waterfall
    made.globals["share"] = _share
    return made


def picture(draw: Callable[[float], str]) -> Picture:
    """Draw for both screens.

    Args:
        draw: makes an SVG image of a width in CSS pixels.
    """
    # `svg.document` escapes whatever was drawn.
    return Picture(Markup(draw(_WIDE)), Markup(draw(_NARROW)))  # noqa: S704


def slowest(traces: Iterable[Trace]) -> Trace | None:
    """Return the trace that took longest; None of none."""
    return max(traces, key=lambda trace: trace.duration_ms, default=None)


def _printable(value: object) -> object:
    """Clean everything on its way into the page; `Markup` is ours and already clean."""
    return value if isinstance(value, Markup) else numbers.clean(str(value))


def _waterfall(trace: Trace) -> Picture:
    return picture(lambda width: waterfall.draw(trace, width))


def _share(value: float, css: str, says: str) -> Markup:
    return Markup(bars.share(value, css, says))  # noqa: S704 - as above
