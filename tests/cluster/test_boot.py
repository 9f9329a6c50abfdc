"""A node's first minutes: its signal to CloudFormation, and the ticket that workers wait for.

boot.sh, curl and ticket.py are the real ones; what needs a node's kernel is replaced by scripts
that end well or badly. What prepare.sh, kubeadm and Calico do is seen on a node only.
"""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cloud import CLUSTER, REGION, Cloud, environment

pytestmark = pytest.mark.integration

NAME = "/meshdoctor/bookstore/join"
TICKET = "a-token sha256:a-hash"
PATIENCE = 120  # seconds; a machine that has much else to do starts Python in ten


@dataclass(slots=True)
class Signals:
    """What CloudFormation heard.

    Attributes:
        url: where it listens.
        refusals: how many signals it answers with 503 first.
        heard: headers and bodies, in order.
    """

    url: str = ""
    refusals: int = 0
    heard: list[tuple[dict[str, str], Any]] = field(default_factory=list)


@pytest.fixture
def signals() -> Iterator[Signals]:
    """Listen on loopback as CloudFormation's signed address does."""
    signals = Signals()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signals.heard.append((dict(self.headers), json.loads(body)))
            refused = len(signals.heard) <= signals.refusals
            self.send_response(HTTPStatus.SERVICE_UNAVAILABLE if refused else HTTPStatus.OK)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    signals.url = f"http://127.0.0.1:{server.server_address[1]}/?Signature=a%2Bb&Expires=1"
    yield signals
    server.shutdown()
    thread.join()
    server.server_close()


def boot(folder: Path, url: str, prepare: str, worker: str) -> subprocess.CompletedProcess[str]:
    """Run the real boot.sh beside two scripts of the test's own."""
    shutil.copy(CLUSTER / "boot.sh", folder)
    shutil.copy(CLUSTER / "versions.env", folder)
    (folder / "node.env").write_text(f"ROLE=worker\nNODE=worker-1\nWAIT_URL='{url}'\n", "utf-8")
    for name, text in (("prepare.sh", prepare), ("worker.sh", worker)):
        (folder / name).write_text(f"#!/usr/bin/env bash\nset -euo pipefail\n{text}\n", "utf-8")
        (folder / name).chmod(0o700)
    return subprocess.run(
        [str(folder / "boot.sh")], capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def test_a_node_that_stands_says_so(tmp_path: Path, signals: Signals) -> None:
    """SUCCESS once, under the node's own name, with no content type; versions reach each part."""
    done = boot(tmp_path, signals.url, 'echo "Kubernetes $KUBERNETES"', "echo joined")

    assert (0, "") == (done.returncode, done.stderr)
    assert "Kubernetes 1." in done.stdout
    ((headers, body),) = signals.heard
    assert "Content-Type" not in headers
    assert {
        "Status": "SUCCESS",
        "UniqueId": "worker-1",
        "Data": "worker",
        "Reason": "worker-1: worker.sh: joined",
    } == body


@pytest.mark.parametrize("broken", ["prepare", "worker"])
def test_a_broken_node_says_where_and_why(tmp_path: Path, signals: Signals, broken: str) -> None:
    """FAILURE with the part and its last line, which no quote or control code can break."""
    bad = "printf 'first\\nE: \"no\" such\\tpackage\\\\ \\033[0m{}\\n'; exit 7; echo after"
    parts = {"prepare": "echo fine", "worker": "echo fine", broken: bad}
    done = boot(tmp_path, signals.url, parts["prepare"], parts["worker"])

    assert 7 == done.returncode
    assert "after" not in done.stdout
    ((_, body),) = signals.heard
    assert "FAILURE" == body["Status"]
    assert f"worker-1: {broken}.sh: E: no suchpackage 0m" == body["Reason"]


def test_a_signal_is_repeated_until_it_is_heard(tmp_path: Path, signals: Signals) -> None:
    """A refused signal is no lost one."""
    signals.refusals = 2
    done = boot(tmp_path, signals.url, "true", "true")

    assert 0 == done.returncode
    assert ["SUCCESS"] * 3 == [body["Status"] for _, body in signals.heard]


def ticket(cloud: Cloud, *words: str) -> subprocess.Popen[str]:
    """Start the real ticket.py against the loopback AWS."""
    return subprocess.Popen(
        [sys.executable, str(CLUSTER / "ticket.py"), *words],
        env=environment(cloud.url),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_worker_waits_for_the_ticket(empty_cloud: Cloud) -> None:
    """It asks before the control plane has put it, gets it whole, and it lay there encrypted."""
    worker = ticket(empty_cloud, "get", NAME, "--seconds", "90")
    control_plane = ticket(empty_cloud, "put", NAME)
    assert ("", "") == control_plane.communicate(TICKET, timeout=PATIENCE)
    assert (TICKET, "") == worker.communicate(timeout=PATIENCE)

    kept = empty_cloud.client("ssm").get_parameter(Name=NAME, WithDecryption=False)["Parameter"]
    assert "SecureString" == kept["Type"]
    assert REGION in kept["ARN"]


def test_nothing_of_the_ticket_stays(empty_cloud: Cloud) -> None:
    """The control plane deletes it, and deleting it twice is no error."""
    assert ("", "") == ticket(empty_cloud, "put", NAME).communicate(TICKET, timeout=PATIENCE)
    for _ in range(2):
        assert ("", "") == ticket(empty_cloud, "delete", NAME).communicate(timeout=PATIENCE)

    assert [] == empty_cloud.client("ssm").describe_parameters()["Parameters"]


def test_a_worker_without_a_ticket_gives_up_in_words(empty_cloud: Cloud) -> None:
    """After its time it fails with one line, which becomes the stack's reason."""
    worker = ticket(empty_cloud, "get", NAME, "--seconds", "0")
    out, error = worker.communicate(timeout=PATIENCE)

    assert (1, "") == (worker.returncode, out)
    assert (
        f"no ticket at {NAME} in 0 s (ParameterNotFound): has the control plane failed?\n" == error
    )
