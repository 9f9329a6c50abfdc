"""The runbook."""

from http import HTTPStatus

from meshdoctor.lab.boards.runbook import read_runbook
from meshdoctor.lab.boards.sources import Sources
from meshdoctor.lab.boards.view import View, sorry


def runbook(sources: Sources) -> View:
    """Make the page; 404 where there is no runbook, as in an installation without the checkout."""
    try:
        content = {"runbook_text": read_runbook(sources.runbook)}
    except OSError as error:
        why = f"There is no runbook at {sources.runbook}: {error.strerror}."
        return sorry(HTTPStatus.NOT_FOUND, why)
    return View("runbook.html.j2", "Runbook", content, here="runbook")
