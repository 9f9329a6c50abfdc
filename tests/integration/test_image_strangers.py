"""Servers that are no registry, or a bad one: each ends in a name or a doubt, in time."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from meshdoctor.doctor.checks.image import judge_image
from meshdoctor.doctor.model import Verdict
from meshdoctor.lab.oci import AMD64, DOCKER_LIST, OCI_INDEX, OCI_MANIFEST, digest_of
from meshdoctor.probes.registry.evidence import ImageEvidence, Trouble
from meshdoctor.probes.registry.image import ImageQuestion, look_at_image
from meshdoctor.probes.registry.reference import parse
from tests.support.lab import eventually
from tests.support.strange_servers import Answer, drips, http, says, silent, strange_server

pytestmark = pytest.mark.integration

HTML = "Content-Type: text/html"
JSON = "Content-Type: application/json"
INDEX = f"Content-Type: {OCI_INDEX}"
ERROR = b'{"errors": [{"code": "%s", "message": "\\u001b[31mred"}]}'
SECONDS = 3.0

NOT_A_REGISTRY = {
    "another protocol": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "nothing at all": says(b""),
    "half a header": says(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "less than promised": says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
    "a page": http("200 OK", b"<html>Welcome</html>", HTML),
    "a page instead of an error": http("404 Not Found", b"<html>Nothing here</html>", HTML),
    "an error of its own": http("500 Internal Server Error", b"oops"),
    "overloaded": http("503 Service Unavailable", b"later"),
    "a list": http("200 OK", b"[]", INDEX),
    "broken JSON": http("200 OK", b'{"manifests": [', INDEX),
    "another kind of manifest": http("200 OK", b"{}", "Content-Type: application/vnd.other+json"),
    "no type": http("200 OK", b"{}"),
    "round and round": http("302 Found", b"", "Location: /v2/a/manifests/1"),
    "to another protocol": http("302 Found", b"", "Location: file:///etc/passwd"),
    "to nowhere": http("302 Found", b"", "Location: http://[::1"),
    "a bad length": says(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"),
    "endless headers": says(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000),
}


def ask(host: str, seconds: float = SECONDS) -> tuple[ImageEvidence, Verdict]:
    """Ask and judge."""
    question = ImageQuestion(
        parse(f"{host}/a:1"), (AMD64,), plain=True, seconds=seconds, environ={"HOME": "/nowhere"}
    )
    evidence = look_at_image(question)
    return evidence, judge_image(evidence)


@pytest.mark.parametrize("answer", NOT_A_REGISTRY.values(), ids=NOT_A_REGISTRY)
def test_what_no_registry_says_is_named(answer: Answer) -> None:
    """Whatever it says, the verdict is the same one, with its words as evidence."""
    with strange_server(answer) as host:
        evidence, verdict = ask(host)

    assert evidence.failure
    assert Trouble.NOT_A_REGISTRY == evidence.failure.trouble
    assert ["image-registry-unreachable"] == [one.code for one in verdict.findings]
    assert host in verdict.findings[0].seen[0]


@pytest.mark.parametrize("answer", [silent, drips], ids=["silent", "drips"])
def test_who_says_nothing_is_left_in_time(answer: Answer) -> None:
    """Also when a byte comes now and then, which no timeout of a socket notices.

    The thread that waited is gone, too: a doctor that watches for days must not gather them.
    """
    threads = threading.active_count()
    began = time.monotonic()
    with strange_server(answer) as host:
        evidence, verdict = ask(host, seconds=0.5)
        took = time.monotonic() - began

    assert evidence.failure
    assert Trouble.SILENT == evidence.failure.trouble
    assert ["image-registry-unreachable"] == [one.code for one in verdict.findings]
    assert took < 5.0
    assert eventually(lambda: threads == threading.active_count())


@pytest.mark.parametrize(
    ("answer", "trouble", "code"),
    [
        (http("401 Unauthorized", ERROR % b"UNAUTHORIZED", JSON), Trouble.REFUSED, True),
        (http("403 Forbidden", ERROR % b"DENIED", JSON), Trouble.REFUSED, True),
        (http("404 Not Found", ERROR % b"NAME_UNKNOWN", JSON), Trouble.MISSING, True),
        (http("429 Too Many Requests", ERROR % b"TOOMANYREQUESTS", JSON), Trouble.LIMITED, False),
        (http("200 OK", b" " * (5 * 1024 * 1024), INDEX), Trouble.NOT_READ, False),
        (
            http("200 OK", b"{}", INDEX, f"Docker-Content-Digest: sha256:{'0' * 64}"),
            Trouble.DAMAGED,
            True,
        ),
    ],
    ids=["401", "403", "404", "429", "too large", "another digest"],
)
def test_a_refusal_is_what_it_says(answer: Answer, trouble: Trouble, *, code: bool) -> None:
    """The registry's status decides; what it writes is shown without its control characters."""
    with strange_server(answer) as host:
        evidence, verdict = ask(host)

    assert evidence.failure
    assert trouble == evidence.failure.trouble
    assert code == bool(verdict.findings)
    assert "\x1b" not in evidence.failure.words


def serving(blobs: dict[str, tuple[str, bytes]]) -> Answer:
    """Serve manifests and blobs by the end of their path."""

    def answer(connection: object, request: bytes) -> None:
        path = request.split(b" ", 2)[1].decode()
        kind, body = blobs.get(path.rpartition("/")[2], ("text/plain", b""))
        status = "200 OK" if body else "404 Not Found"
        http(status, body, f"Content-Type: {kind}")(connection, request)  # type: ignore[arg-type]

    return answer


def index_of(*manifests: object) -> bytes:
    """Give the bytes of an index."""
    return json.dumps({"schemaVersion": 2, "manifests": manifests}).encode()


LINUX = {"os": "linux", "architecture": "amd64"}
NOTHING: dict[str, tuple[str, bytes]] = {}


@pytest.mark.parametrize(
    "index",
    [
        b"{}",
        index_of(None, 7, {}, {"digest": 7}, {"digest": "sha256:x"}),
        index_of({"digest": "../../../etc/passwd", "platform": LINUX}),
        index_of({"digest": f"sha256:{'0' * 64}", "platform": {"os": 1, "architecture": []}}),
        index_of({"digest": f"sha256:{'0' * 64}", "platform": LINUX}),
        json.dumps({"manifests": "all"}).encode(),
    ],
)
def test_nonsense_inside_an_index_is_survived(index: bytes) -> None:
    """Nothing in it makes the probe fail, ask for a strange address, or call it healthy."""
    with strange_server(serving({"1": (DOCKER_LIST, index)})) as host:
        _evidence, verdict = ask(host)

    assert verdict.exit_code in {1, 2}


@pytest.mark.parametrize(
    "config", [b"[]", b"{}", b'{"os": 1}', b'{"config": 7, "os": "linux"}', b"\xff"]
)
def test_nonsense_inside_a_config_blob_is_a_doubt(config: bytes) -> None:
    """The manifest is there and well, what it says of itself is not."""
    manifest = json.dumps({"config": {"digest": digest_of(config)}}).encode()
    blobs = {"1": (OCI_MANIFEST, manifest), digest_of(config): ("x/y", config)}
    with strange_server(serving(blobs)) as host:
        _evidence, verdict = ask(host)

    assert 2 == verdict.exit_code


def test_content_of_another_digest_is_not_believed() -> None:
    """A blob is what its digest says, or nothing: here the config blob was changed on the way."""
    config = json.dumps(LINUX).encode()
    manifest = json.dumps({"config": {"digest": digest_of(b"another")}}).encode()
    blobs = {"1": (OCI_MANIFEST, manifest), digest_of(b"another"): ("x/y", config)}
    with strange_server(serving(blobs)) as host:
        evidence, verdict = ask(host)

    assert evidence.contents[0].failure
    assert Trouble.DAMAGED == evidence.contents[0].failure.trouble
    assert 2 == verdict.exit_code


COMMANDS: dict[str, tuple[Callable[[str], tuple[str, ...]], int]] = {
    "no platform": (lambda host: ("image", f"{host}/a:1"), 3),
    "no such platform": (lambda host: ("image", f"{host}/a:1", "--platform", "amd64"), 3),
    "no image": (lambda _host: ("image", "UPPER", "--platform", "linux/amd64"), 3),
    "no such command": (lambda _host: ("imgae",), 3),
    "no such output": (lambda _host: ("faults", "-o", "yaml"), 3),
    "no command": (lambda _host: (), 3),
    "a fault": (lambda host: ("image", f"{host}/a:1", "--platform", "linux/amd64"), 1),
    "version": (lambda _host: ("--version",), 0),
    "help": (lambda _host: ("image", "--help"), 0),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_ends_with_the_code_that_it_promises(name: str) -> None:
    """Wrong usage is 3, so that nobody takes it for a verdict, and says what is wrong."""
    arguments, expected = COMMANDS[name]
    with strange_server(says(b"")) as host:
        command = (sys.executable, "-m", "meshdoctor", *arguments(host))
        done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert expected == done.returncode
    assert bool(done.stderr) == (expected == 3)
    assert "Traceback" not in done.stderr


def test_several_images_are_judged_in_one_go() -> None:
    """A verdict for each, in order, and the exit code of the worst."""
    with strange_server(http("429 Too Many Requests", b"")) as host:
        names = [f"{host}/{name}:1" for name in ("b", "a")]
        options = ("--platform", "linux/amd64", "-o", "json")
        command = (sys.executable, "-m", "meshdoctor", "image", *names, *options)
        done = subprocess.run(command, capture_output=True, text=True, check=False)

    told = json.loads(done.stdout)
    assert (2, 1) == (done.returncode, told["schema"])
    assert names == [one["subject"] for one in told["verdicts"]]
    assert {"unknown"} == {one["state"] for one in told["verdicts"]}
