"""The templates and style sheets of the drawings, for the local view and for the report."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from jinja2 import Environment

from meshdoctor.lab.boards.draw.units import shown
from meshdoctor.lab.report.numbers import time_of_day
from meshdoctor.lab.report.paper import HERE as REPORT
from meshdoctor.lab.report.paper import Style, environment, style

HERE: Final = Path(__file__).parent


def templates(runbook: Callable[[str], str]) -> Environment:
    """Return the templates.

    Args:
        runbook: turns the runbook's public address into the one to link to; empty for no link.
    """
    made = environment(HERE)
    made.filters["shown"] = shown
    made.filters["time_of_day"] = time_of_day
    made.globals["runbook"] = runbook
    return made


def page_style() -> Style:
    """Return the report's style sheet and the drawings' own as one."""
    return style(REPORT / "style.css", HERE / "boards.css")
