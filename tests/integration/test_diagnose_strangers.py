"""What `meshdoctor diagnose` says when no API answers, or something that is none."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.diagnosed import SECONDS, diagnose
from tests.support.kubeconfigs import kubeconfig
from tests.support.mesh_net import free_port
from tests.support.strange_servers import Answer, http, says, strange_server
from tests.support.tls_servers import tls_server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@contextmanager
def black_hole() -> Iterator[str]:
    """Give the address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


def test_a_black_hole_is_a_doubt_within_the_time_that_was_promised(tmp_path: Path) -> None:
    """The server takes the connection and is silent: exit code 2, what is silent, no traceback."""
    with black_hole() as address:
        config = kubeconfig(tmp_path, address)
        said = diagnose("--kubeconfig", str(config), "-o", "json", home=tmp_path)

    assert (2, "unknown") == (said.code, said.verdict["state"])
    assert f"{address} gave no whole answer" in said.verdict["sentence"]
    assert (True, "") == (said.seconds < SECONDS, said.err)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http("200 OK", b"<html>hello</html>"), "answers, but not as a Kubernetes API: <html>"),
        (http("200 OK", b'{"items": 1}'), "answers, but not as a Kubernetes API"),
        (http("401 Unauthorized", b"{}"), "does not know who asks (401)"),
        (http("403 Forbidden", b'{"message": "nodes is forbidden"}'), "nodes is forbidden"),
        (http("404 Not Found", b"{}"), "does not know /api/v1/nodes (404)"),
        (http("500 Oops", b'{"message": "etcdserver: leader changed"}'), "leader changed"),
        (http("302 Found", b"", "Location: https://elsewhere.example/"), "answers HTTP 302"),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "is no API server"),
    ],
    ids=["page", "shape", "401", "403", "404", "500", "redirect", "ssh"],
)
def test_what_answers_instead_of_an_api_is_told_in_words(
    answer: Answer, words: str, tmp_path: Path
) -> None:
    """Each is a doubt that names what came: never a verdict on the mesh, never a traceback."""
    with strange_server(answer) as address:
        config = kubeconfig(tmp_path, f"http://{address}")
        said = diagnose("--kubeconfig", str(config), "-o", "json", home=tmp_path)

    assert (2, []) == (said.code, said.faults)
    assert words in said.out.replace("\\u003c", "<")
    assert ("", True) == (said.err, said.seconds < SECONDS)


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("https://127.0.0.1:{free}", "no connection to 127.0.0.1:"),
        ("https://nobody.invalid:6443", "the name of nobody.invalid:6443 cannot be resolved"),
    ],
    ids=["refused", "unresolved"],
)
def test_an_api_that_is_not_reached_is_told_by_why(server: str, words: str, tmp_path: Path) -> None:
    """One doubt for all lists together: what kept them all away."""
    config = kubeconfig(tmp_path, server.format(free=free_port("127.0.0.1")))
    said = diagnose("--kubeconfig", str(config), "-o", "json", home=tmp_path)

    assert (2, 1, "") == (said.code, len(said.verdict["doubts"]), said.err)
    assert said.verdict["sentence"].startswith(words)


def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    """The kubeconfig's authority decides; with the right one the same server is taken."""
    with tls_server(tmp_path, b"{}") as (address, authority):
        strange = kubeconfig(tmp_path, address)
        untrusted = diagnose("--kubeconfig", str(strange), "-o", "json", home=tmp_path)
        known = kubeconfig(tmp_path, address, None, **{"certificate-authority": str(authority)})
        trusted = diagnose("--kubeconfig", str(known), "-o", "json", home=tmp_path)

    assert "certificate verify failed" in untrusted.verdict["sentence"]
    assert "not as a Kubernetes API" in trusted.verdict["sentence"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file or directory"),
        ("{", "no YAML"),
        ("[]", "no kubeconfig"),
        ("clusters: []", "has no current context"),
        ("{current-context: mine, contexts: [{name: other, context: {}}]}", "it has: other"),
        ("{current-context: a, contexts: [{name: a, context: {cluster: b}}]}", "no cluster 'b'"),
        ("contexts: 7", "no sound kubeconfig"),
    ],
    ids=["missing", "damaged", "list", "no-context", "other-context", "no-cluster", "shape"],
)
def test_a_kubeconfig_that_leads_nowhere_is_wrong_usage(
    text: str | None, words: str, tmp_path: Path
) -> None:
    """Exit code 3, and one sentence that says what is missing and where."""
    path = tmp_path / "mine.yaml"
    if text is not None:
        path.write_text(text, "utf-8")
    said = diagnose("--kubeconfig", str(path), home=tmp_path)

    assert (3, "") == (said.code, said.out)
    assert words in said.err
    assert "Traceback" not in said.err
