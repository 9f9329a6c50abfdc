"""A real Chromium, and a witness of all that it fetches and complains about."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Page,
    Response,
    sync_playwright,
)

from meshdoctor.lab.loopback import Mesh, loopback_mesh
from meshdoctor.lab.settings import LabSettings

PICTURES = Path(__file__).parents[2] / "out" / "browser"
PATIENCE_SECONDS = "5"
# Chromium calls home by itself; a test must neither need nor touch the network.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@dataclass(frozen=True, slots=True)
class Visit:
    """An open page with what happened in it.

    Attributes:
        page: Playwright's page.
        complaints: console errors (a CSP violation is one), uncaught exceptions, dialogs.
        fetched: every URL that was asked for.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def go(self, url: str) -> Response | None:
        """Open `url` and wait until it is loaded."""
        return self.page.goto(url, wait_until="load")

    def picture(self, name: str) -> None:
        """Save what a person sees, whole page, as out/browser/NAME.png."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


Visitor = Callable[..., Visit]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The Chromium that CHROMIUM names, else the one on PATH."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.fail("no Chromium on PATH: install it (`apt-get install chromium`) or set CHROMIUM")
    # Chromium refuses its sandbox to root.
    args = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else [*QUIET]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=args)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Visitor]:
    """Make visits: `visitor(width=400, scheme="dark")` gives one with a page of its own."""
    with ExitStack() as stack:

        def visit(*, width: int = 1280, scheme: str = "light") -> Visit:
            context = chromium.new_context(
                viewport={"width": width, "height": 900},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            stack.callback(context.close)
            made = Visit(context.new_page())
            _listen(made)
            return made

        yield visit


def _listen(visit: Visit) -> None:
    page, complaints = visit.page, visit.complaints

    def console(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(said.text)

    def dialog(shown: Dialog) -> None:
        complaints.append(shown.message)
        shown.dismiss()

    page.on("console", console)
    page.on("dialog", dialog)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: visit.fetched.append(request.url))


@contextmanager
def running_mesh(out: Path, *, monitored: bool = False) -> Iterator[Mesh]:
    """Run the real mesh on ports that are free now, beside whatever else runs here.

    Its calls may take longer than they may in production: a browser beside it on a small machine
    starves it now and then, and a page degraded by that would fail tests of the live one.
    """
    names = [name for name in LabSettings.model_fields if name.endswith("_port")]
    with ExitStack() as held:
        ports = {name: _free_port(held) for name in names}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MARKETPLACE_DEADLINE_SECONDS", PATIENCE_SECONDS)
        with loopback_mesh(LabSettings.model_validate(ports), out, monitored=monitored) as mesh:
            yield mesh


def _free_port(held: ExitStack) -> int:
    """A port free on every address; held until all are chosen, so that they differ."""
    listener = held.enter_context(socket.socket())
    listener.bind(("", 0))
    return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A healthy mesh that the tests share; who breaks one takes `fragile_mesh`."""
    with running_mesh(tmp_path_factory.mktemp("mesh")) as running:
        yield running


@pytest.fixture
def fragile_mesh(tmp_path: Path) -> Iterator[Mesh]:
    """A mesh of one's own, to be broken."""
    with running_mesh(tmp_path / "mesh") as running:
        yield running
