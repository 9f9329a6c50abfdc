"""`meshdoctor diagnose` over time: watching, interrupted, before a person and behind kubectl."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from meshdoctor.probes.mesh.evidence import Answer, Report
from tests.support.diagnosed import SECONDS, captured, captured_api, diagnose, written
from tests.support.kubeconfigs import kubeconfig
from tests.support.kubectl import Kubectl
from tests.support.mesh_reports import all_well, blocked_between_nodes, reports

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

COMMAND = (sys.executable, "-m", "meshdoctor", "diagnose")


@contextmanager
def started(*words: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Start the command with a pipe for its output; end it if it has not ended."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
    with subprocess.Popen(
        (*COMMAND, *words), env=environ, stdout=subprocess.PIPE, text=True
    ) as one:
        try:
            yield one
        finally:
            one.kill()


def line(process: subprocess.Popen[str]) -> str:
    """Read one line of output; it blocks until there is one, and the test's timeout ends it."""
    assert process.stdout
    return process.stdout.readline()


def test_a_watch_says_a_line_for_each_change_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    """Healthy, then blocked, then healthy again: three lines through a pipe, and exit code 130."""
    with captured_api("healthy", *reports("healthy")) as api:
        config = str(kubeconfig(tmp_path, api.url))
        with started("--kubeconfig", config, "--watch", home=tmp_path) as process:
            said = [line(process)]
            for answers in (blocked_between_nodes, all_well):
                with api.store.changed:  # nobody sees one report of these without the others
                    for report in reports("healthy", answers, ago=0.0):
                        api.put(written(report))
                said.append(line(process))
            process.send_signal(signal.SIGINT)
            code = process.wait(10)
            rest = process.stdout.read() if process.stdout else ""

    assert ["ok:", "network-nodes-blocked:", "ok:"] == [one.split()[1] for one in said]
    assert (130, "") == (code, rest)


def test_a_watch_in_json_is_a_line_of_json_for_each_change(tmp_path: Path) -> None:
    """Programs read it line by line, with the moment at which it was said."""
    with captured("healthy", tmp_path, *reports("healthy")) as cluster:
        words = (*cluster, "--watch", "-o", "json")
        with started(*words, home=tmp_path) as process:
            told = json.loads(line(process))

    assert ("healthy", True) == (told["state"], told["at"].startswith("20"))


def test_ctrl_c_ends_a_look_at_once(tmp_path: Path) -> None:
    """No thread that still waits for an API keeps the process."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        config = str(kubeconfig(tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}"))
        with started("--kubeconfig", config, home=tmp_path) as process:
            connection, _address = server.accept()
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            code = process.wait(10)
            seconds = time.monotonic() - began
            connection.close()

    assert (130, True) == (code, seconds < 3.0)


def unsettled() -> tuple[Report, ...]:
    """Give reports of a blocked network, one of which is older than the failure and well."""
    first, *others = reports("healthy", blocked_between_nodes, ago=1.0)
    before = next(one for one in reports("healthy", ago=30.0) if one.node == first.node)
    return (before, *others)


def test_it_waits_until_every_agent_has_looked_since_the_failure(tmp_path: Path) -> None:
    """A report from before the failure is read again until there is a newer one."""
    after = next(iter(reports("healthy", blocked_between_nodes, ago=0.0)))
    with captured_api("healthy", *unsettled()) as api:
        config = str(kubeconfig(tmp_path, api.url))
        with started("--kubeconfig", config, "-o", "json", home=tmp_path) as process:
            time.sleep(3.0)
            waiting = process.poll()
            api.put(written(replace(after, at=time.time())))
            out, _ = process.communicate(timeout=20)

    findings = json.loads(out)["verdicts"][0]["findings"]
    assert (None, ["network-nodes-blocked"]) == (waiting, [one["fault"] for one in findings])


def test_it_does_not_wait_for_ever(tmp_path: Path) -> None:
    """An agent that says nothing new keeps nobody longer than was promised."""
    with captured("healthy", tmp_path, *unsettled()) as cluster:
        said = diagnose(*cluster, "-o", "json", home=tmp_path)

    assert said.seconds < SECONDS
    assert Answer.SILENT in {each.answer for one in unsettled() for each in one.sightings}


def test_a_person_sees_what_is_being_waited_for(tmp_path: Path) -> None:
    """On a terminal standard error says what is asked; in a pipe it is silent."""
    with captured("healthy", tmp_path, *reports("healthy")) as cluster:
        piped = diagnose(*cluster, home=tmp_path)
        master, slave = pty.openpty()
        try:
            environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
            subprocess.run(
                (*COMMAND, *cluster),
                env=environ,
                stdout=subprocess.PIPE,
                stderr=slave,
                check=True,
                timeout=60,
            )
            shown = os.read(master, 4096).decode()
        finally:
            os.close(master)
            os.close(slave)

    assert ("", "asking http://127.0.0.1:") == (piped.err, shown[:24])


def test_kubectl_finds_it_as_a_plugin(tmp_path: Path) -> None:
    """`kubectl meshdoctor diagnose -n bookstore` is the same command with the same kubeconfig."""
    with captured_api("healthy", *reports("healthy", blocked_between_nodes)) as api:
        kubectl = Kubectl.towards(api.url, tmp_path)
        folder = Path(sys.executable).parent
        environ = kubectl.environment
        done = subprocess.run(
            (str(kubectl.program), "meshdoctor", "diagnose", "-n", "bookstore", "-o", "short"),
            env={**environ, "PATH": f"{folder}{os.pathsep}{environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert (1, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("network-nodes-blocked: ")
