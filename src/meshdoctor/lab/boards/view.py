"""A page before it is written: its template and what stands in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class View:
    """One page.

    Attributes:
        template: its file.
        title: of the tab.
        content: what the template shows.
        here: which entry of the navigation it is, such as `alerts` or a dashboard's uid.
        live: whether it is worth loading again by itself.
        status: of the answer.
    """

    template: str
    title: str
    content: Mapping[str, object]
    here: str = ""
    live: bool = False
    status: HTTPStatus = HTTPStatus.OK


def sorry(status: HTTPStatus, sentence: str) -> View:
    """Make a page that says in one sentence why there is no other."""
    return View("sorry.html.j2", status.phrase, {"sentence": sentence}, status=status)
