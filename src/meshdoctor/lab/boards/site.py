"""The local view as a set of pages: from an address to what stands there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from meshdoctor.lab.boards import ranges
from meshdoctor.lab.boards.pages.alerts import alerts
from meshdoctor.lab.boards.pages.board import board
from meshdoctor.lab.boards.pages.home import home
from meshdoctor.lab.boards.pages.runbook import runbook
from meshdoctor.lab.boards.pages.traces import trace, traces
from meshdoctor.lab.boards.runbook import runbook_here
from meshdoctor.lab.boards.sources import Sources
from meshdoctor.lab.boards.templates import page_style, templates
from meshdoctor.lab.boards.view import View, sorry
from meshdoctor.lab.report.html import icon

REFRESH_SECONDS: Final = 10

_PLAIN: Final[Mapping[str, Callable[[Sources], View]]] = MappingProxyType(
    {"": home, "traces": traces, "runbook": runbook}
)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: its status, its HTML, and the policy it must be sent with."""

    status: HTTPStatus
    html: str
    policy: str


class Site:
    """Makes pages; each is asked anew."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._style = page_style()
        self._templates = templates(partial(runbook_here, here="/runbook"))

    def page(self, address: str) -> Page:
        """Make the page at an address.

        Args:
            address: path and query as a browser sends them.

        Returns:
            A page always: what does not exist is 404, a `from` that cannot be is 400.
        """
        try:
            view = self._view(address)
        except ValueError as error:
            view = sorry(HTTPStatus.BAD_REQUEST, f"{error}.")
        return self._page(view, refresh="refresh=off" not in address)

    def _view(self, address: str) -> View:
        parts = urlsplit(address)
        sources, query = self._sources, _query(address)
        match unquote(parts.path).strip("/").split("/"):
            case [name] if name in _PLAIN:
                return _PLAIN[name](sources)
            case ["d", uid] | ["d", uid, _]:  # Grafana puts a readable name behind the uid
                return board(sources, uid, ranges.parse(query, sources.now()))
            case ["alerts"]:
                return alerts(sources, ranges.parse(query, sources.now()))
            case ["traces", trace_id]:
                return trace(sources, trace_id)
        return sorry(HTTPStatus.NOT_FOUND, "There is no such page.")

    def _page(self, view: View, *, refresh: bool) -> Page:
        html = self._templates.get_template(view.template).render(
            **view.content,
            title=view.title,
            here=view.here,
            boards=self._sources.boards,
            notes=self._sources.notes,
            links=self._sources.links,
            style=self._style,
            icon=icon(good=view.status == HTTPStatus.OK),
            refresh=REFRESH_SECONDS if view.live and refresh else 0,
            live=view.live,
        )
        return Page(view.status, html, self._style.policy)


def _query(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, max_num_fields=20))
