"""What the documents say is so: their links, commands, tables and programs."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nox.registry
import pytest
from pydantic_settings import BaseSettings

import meshdoctor
import noxfile
from marketplace.settings import MarketplaceSettings
from meshdoctor.agent.settings import AgentSettings
from meshdoctor.faults import CAUSES
from meshdoctor.lab.settings import LabSettings
from meshdoctor.telemetry import TelemetrySettings
from meshdoctor.telemetry.catalogue import CATALOGUE
from recommendations.settings import RecommendationsSettings
from tests.support.lab import eventually
from tests.support.mesh_net import addresses

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
README, SETTINGS, TOOLBOX = (
    ROOT / name for name in ("README.md", "docs/settings.md", "docs/toolbox.md")
)

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
COMMAND = re.compile(r"(?:\./mesh|nox -s) ([a-z]+)")
PLACE = re.compile(
    r"(?<![\w/.~-])((?:\.ci|docs|loadtest|protos|requirements|services|src|tests)/[\w./*-]*)(?:::(\w+))?"
)
LOAD_VARIABLE = re.compile(r'env_var="(\w+)"')

by_name = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def text_of(document: Path) -> str:
    """Return a document."""
    return document.read_text("utf-8")


def programs(document: Path) -> list[str]:
    """Return the Python blocks of a document."""
    return [body for language, body in FENCED.findall(text_of(document)) if language == "python"]


def section(document: Path, title: str) -> str:
    """Return what stands between a heading of the second level and the next."""
    return text_of(document).partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[tuple[str, ...]]:
    """Return the rows of the tables of a text, without headings and without the code marks."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [
        tuple(cell.strip().replace("`", "") for cell in line.split("|")[1:-1]) for line in lines
    ]


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives a document's headings."""
    without_code = FENCED.sub("", text_of(document))
    plain = (re.sub(r"[^\w\- ]", "", found.lower()) for found in HEADING.findall(without_code))
    return {heading.replace(" ", "-") for heading in plain}


@by_name
def test_links_lead_somewhere(document: Path) -> None:
    """Each link to this repository names a file or folder, and an anchor a heading in it."""
    broken = []
    for link in LINK.findall(text_of(document)):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if "://" not in link and (
            not target.exists() or (anchor and anchor not in anchors(target))
        ):
            broken.append(link)

    assert [] == broken


@by_name
def test_places_that_are_named_exist(document: Path) -> None:
    """Each path of this repository that a document names is there, and each test in its file."""
    missing = []
    for place, test in PLACE.findall(text_of(document)):
        found = list(ROOT.glob(place.rstrip("./")))
        if not found or (test and f"def {test}(" not in found[0].read_text("utf-8")):
            missing.append(f"{place} {test}".strip())

    assert [] == missing


@by_name
def test_commands_are_sessions(document: Path) -> None:
    """Each `./mesh NAME` and `nox -s NAME` of a document is a session of the noxfile."""
    assert set() == set(COMMAND.findall(text_of(document))) - set(nox.registry.get())


def test_the_noxfile_is_the_one_that_was_asked() -> None:
    """The registry that the commands are held against is filled by this noxfile."""
    assert ROOT == Path(noxfile.__file__).parent
    assert {"demo", "tests"} <= set(nox.registry.get())


def test_the_changelog_tells_of_this_version() -> None:
    """The newest entry of the changelog is the version of the package."""
    newest = re.findall(r"^## \[(\d\S*)\]", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)

    assert meshdoctor.__version__ == newest[0]


def variables(settings: type[BaseSettings]) -> Iterator[tuple[str, str]]:
    """Give the environment variables of a settings class; those of all services are left out."""
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        if name in settings.__annotations__ or not field.alias:
            alias = field.validation_alias or field.alias
            yield str(alias or f"{prefix}{name}".upper()), shown(field.default)


def shown(default: object) -> str:
    """Write a default as a person would set it."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ",".join(default)
    if isinstance(default, Path) and default.is_relative_to(ROOT):
        return str(default.relative_to(ROOT))
    return "empty" if default is None else str(default) or "empty"


@pytest.mark.parametrize(
    ("title", "settings"),
    [
        ("Telemetry of both services", TelemetrySettings),
        ("marketplace", MarketplaceSettings),
        ("recommendations", RecommendationsSettings),
        ("The agent", AgentSettings),
        ("The lab", LabSettings),
    ],
)
def test_every_variable_is_told_with_its_default(title: str, settings: type[BaseSettings]) -> None:
    """The tables of settings hold the variables of the code, all of them and no other."""
    assert dict(variables(settings)) == {row[0]: row[1] for row in rows(section(SETTINGS, title))}


def test_the_variables_of_the_load_test_are_told() -> None:
    """So does the table of the load test."""
    sources = "".join(text_of(path) for path in sorted((ROOT / "loadtest").glob("*.py")))

    assert LOAD_VARIABLE.findall(sources) == [
        row[0] for row in rows(section(SETTINGS, "The load test"))
    ]


def test_every_metric_is_told() -> None:
    """The table of metrics is the catalogue: names, types, labels and meanings, in its order."""
    assert [
        (metric.name, metric.kind, ", ".join(metric.labels), metric.help) for metric in CATALOGUE
    ] == rows(section(TOOLBOX, "Metrics"))


def test_every_cause_is_told() -> None:
    """The table of causes is the vocabulary, in its order."""
    assert [
        (cause.code, cause.meaning, ", ".join(cause.faults)) for cause in CAUSES.values()
    ] == rows(section(TOOLBOX, "Causes"))


def start(folder: Path, name: str, source: str, host: str) -> "subprocess.Popen[str]":
    """Run a program of a document on a loopback address of its own, without settings."""
    program = folder / f"{name}.py"
    program.write_text(source.replace("127.0.0.1", host), "utf-8")
    return subprocess.Popen(
        [sys.executable, str(program)],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def is_listening(host: str, port: int) -> bool:
    """Tell whether somebody takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


@pytest.mark.integration
def test_the_programs_of_the_readme_talk(tmp_path: Path) -> None:
    """The server answers the client, is measured, and ends well on SIGTERM."""
    (host,) = addresses(1)
    server_source, client_source = programs(README)
    server = start(tmp_path, "server", server_source, host)
    try:
        assert eventually(lambda: is_listening(host, 50051), 10), "the server did not start"
        client = start(tmp_path, "client", client_source, host)
        told, _ = client.communicate(timeout=20)
        assert (0, 'books {\n  title: "Dune"\n}\n\n') == (client.returncode, told)
        assert is_listening(host, 9464)
    finally:
        server.terminate()
        last, _ = server.communicate(timeout=20)
    assert (0, "") == (server.returncode, last)


@pytest.mark.integration
def test_the_program_of_the_toolbox_page_runs(tmp_path: Path) -> None:
    """Its blocks, one after the other, are a program that serves, calls, refuses and ends."""
    (host,) = addresses(1)
    program = start(tmp_path, "page", "\n".join(programs(TOOLBOX)), host)
    told, _ = program.communicate(timeout=30)

    assert 0 == program.returncode, told
    assert 2 == told.count('title: "Dune"')
    assert "['Dune']" in told
    assert "INVALID_ARGUMENT user_id: expected one" in told
