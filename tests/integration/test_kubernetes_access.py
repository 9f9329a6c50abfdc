"""The ways to an API server: kubeconfig files, certificates, tokens, plugins, pages."""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from meshdoctor.probes.deadline import Deadline
from meshdoctor.probes.kubernetes.api import Api, ApiError, Found, NotReachedError
from meshdoctor.probes.kubernetes.identity import IdentityError, identify
from meshdoctor.probes.kubernetes.kubeconfig import Access, KubeconfigError, find_access
from tests.support.kubeconfigs import kubeconfig, named
from tests.support.mesh_net import until
from tests.support.tls_servers import tls_server
from tests.support.tokens import certificate

pytestmark = pytest.mark.integration

EMPTY = b'{"items": []}'
SECRET = "a-secret-of-the-test"  # noqa: S105 - of this test alone


@contextmanager
def listening(*pages: tuple[int, dict[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Run a server that answers with these, one after the other; gives what it was asked."""
    asked: list[Any] = []
    answers = iter(pages)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((dict(self.headers.items()), parse_qs(urlsplit(self.path).query)))
            status, document = next(answers, (200, {"items": []}))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def pods(access: Access, seconds: float = 10) -> Found:
    """List Pods as who the access says."""
    return Api(access, identify(access, Deadline(10))).list("/api/v1/pods", {}, seconds)


def by(file: Path, context: str = "") -> Access:
    """Read one kubeconfig."""
    return find_access(file, context, {})


def plugin(folder: Path, text: str, version: str = "v1") -> dict[str, Any]:
    """Write a plugin as a script beside the kubeconfig, and give the user that asks it."""
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o700)
    spec = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "command": "./plugin",
        "args": ["get-token"],
        "env": [{"name": "WHO", "value": "anna"}],
        "provideClusterInfo": True,
        "installHint": "install the plugin",
    }
    return {"exec": spec}


# Who one is


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ({"token": SECRET}, f"Bearer {SECRET}"),
        ({"tokenFile": "mine.token", "token": "older"}, f"Bearer {SECRET}"),
        (
            {"username": "anna", "password": SECRET},
            f"Basic {base64.b64encode(f'anna:{SECRET}'.encode()).decode()}",
        ),
    ],
    ids=["token", "file", "login"],
)
def test_a_token_or_a_login_is_sent_as_the_kubeconfig_has_it(
    user: dict[str, Any], header: str, tmp_path: Path
) -> None:
    """A file with a token is found beside the kubeconfig, and counts before a token in it."""
    (tmp_path / "mine.token").write_text(f"{SECRET}\n", "utf-8")
    with listening() as (server, asked):
        pods(by(kubeconfig(tmp_path, server, user)))

    assert header == asked[0][0]["Authorization"]


def test_who_acts_for_somebody_else_says_so(tmp_path: Path) -> None:
    """Impersonation goes into its own headers (Kubernetes documentation, "User impersonation")."""
    with listening() as (server, asked):
        pods(by(kubeconfig(tmp_path, server, {"as": "ben", "as-groups": ["readers"]})))

    headers = asked[0][0]
    assert ("ben", "readers") == (headers["Impersonate-User"], headers["Impersonate-Group"])


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_plugin_is_asked_for_a_token(version: str, tmp_path: Path) -> None:
    """It gets its arguments, its environment, and the cluster that it asked to be told of."""
    credential = json.dumps({"status": {"token": "$1-$WHO"}}).replace('"', '\\"')
    script = f'echo "$KUBERNETES_EXEC_INFO" > told.json\nprintf "%s" "{credential}"'
    with listening() as (server, asked):
        config = kubeconfig(tmp_path, server, plugin(tmp_path, f"cd {tmp_path}\n{script}", version))
        pods(by(config))

    told = json.loads((tmp_path / "told.json").read_text("utf-8"))
    assert "Bearer get-token-anna" == asked[0][0]["Authorization"]
    assert f"client.authentication.k8s.io/{version}" == told["apiVersion"]
    assert (False, server) == (told["spec"]["interactive"], told["spec"]["cluster"]["server"])


@pytest.mark.parametrize("where", ["data", "files", "plugin"])
def test_a_certificate_proves_who_one_is(where: str, tmp_path: Path) -> None:
    """Written into the kubeconfig as kubeadm does, in files beside it, or given by a plugin."""
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
    path, key = certificate(tmp_path / "mine")
    with tls_server(tmp_path / "theirs", EMPTY, path) as (server, authority):
        trusted = {"certificate-authority-data": base64.b64encode(authority.read_bytes()).decode()}
        packed = {
            "client-certificate-data": base64.b64encode(path.read_bytes()).decode(),
            "client-key-data": base64.b64encode(key.read_bytes()).decode(),
        }
        status = {"clientCertificateData": path.read_text(), "clientKeyData": key.read_text()}
        (tmp_path / "credential.json").write_text(json.dumps({"status": status}), "utf-8")
        user = {
            "data": packed,
            "files": {"client-certificate": "mine/certificate.pem", "client-key": "mine/key.pem"},
            "plugin": plugin(tmp_path, f"cat {tmp_path}/credential.json"),
        }[where]
        nobody = by(kubeconfig(tmp_path, server, None, **trusted))
        somebody = by(kubeconfig(tmp_path, server, user, **trusted))

        assert [] == pods(somebody).objects
        with pytest.raises(NotReachedError):  # in TLS' own words, or those of a closed connection
            pods(nobody)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'session has expired' >&2; exit 7", "failed with exit code 7: session has expired"),
        ("echo hello", "printed no ExecCredential"),
        ("echo '{\"status\": {}}'", "gave none"),
        ("sleep 30", "did not answer within 1 s"),
    ],
)
def test_a_plugin_that_gives_nothing_is_told_in_words(
    script: str, words: str, tmp_path: Path
) -> None:
    """Its name, and what came of asking it; it has a deadline, too."""
    access = by(kubeconfig(tmp_path, "http://127.0.0.1:1", plugin(tmp_path, script)))
    began = time.monotonic()

    with pytest.raises(IdentityError, match=words):
        identify(access, Deadline(1))
    assert time.monotonic() - began < 5


def test_a_plugin_that_is_late_is_ended_with_all_it_started(tmp_path: Path) -> None:
    """Nothing that waits for a browser stays behind."""
    script = f"sleep 30 & echo $! > {tmp_path}/child; wait"
    access = by(kubeconfig(tmp_path, "http://127.0.0.1:1", plugin(tmp_path, script)))
    with pytest.raises(IdentityError, match="did not answer"):
        identify(access, Deadline(1))
    child = Path("/proc", (tmp_path / "child").read_text("utf-8").strip(), "stat")

    def gone() -> bool:
        try:
            return child.read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    until(gone, 5)


def test_a_plugin_that_is_not_installed_is_told_with_its_hint(tmp_path: Path) -> None:
    """The hint is the kubeconfig's own."""
    user = plugin(tmp_path, "")
    user["exec"]["command"] = "no-such-plugin"

    with pytest.raises(IdentityError, match=r"no-such-plugin, .*: install the plugin"):
        identify(by(kubeconfig(tmp_path, "http://127.0.0.1:1", user)), Deadline(1))


def test_nothing_secret_is_in_what_a_traceback_shows(tmp_path: Path) -> None:
    """Tokens, passwords, keys and a plugin's environment are left out of every `repr`."""
    user = {"token": SECRET, "username": "anna", "password": SECRET}
    access = by(kubeconfig(tmp_path, "http://127.0.0.1:1", user))

    assert SECRET not in repr(access) + repr(identify(access, Deadline(1)))


# Where it is


def test_several_kubeconfigs_are_one_and_the_first_counts(tmp_path: Path) -> None:
    """KUBECONFIG names files with colons between; one that is missing is passed over."""
    for name, server in (("a", "https://a:1"), ("b", "https://b:2")):
        (tmp_path / name).write_text(json.dumps(named(name, server)), "utf-8")
    files = os.pathsep.join(str(tmp_path / name) for name in ("missing", "a", "b"))

    found = [find_access(None, context, {"KUBECONFIG": files}) for context in ("", "b")]
    assert ["https://a:1", "https://b:2"] == [one.server for one in found]


def test_the_usual_place_is_the_home(tmp_path: Path) -> None:
    """`~/.kube/config` without anything else."""
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube/config").write_text(json.dumps(named("a", "https://a:1/")), "utf-8")

    assert "https://a:1" == find_access(None, "", {"HOME": str(tmp_path)}).server


def test_in_a_pod_the_service_account_is_who_one_is(tmp_path: Path) -> None:
    """Its token and its authority, at the address that the kubelet gives to every container."""
    (tmp_path / "token").write_text(SECRET, "utf-8")
    (tmp_path / "ca.crt").write_text("PEM", "utf-8")
    environ = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "fd00::1"}

    found = find_access(None, "", environ, tmp_path)
    assert ("https://[fd00::1]:443", SECRET) == (found.server, found.token)


def test_a_login_that_kubernetes_took_away_is_told(tmp_path: Path) -> None:
    """`auth-provider` went with 1.26."""
    with pytest.raises(KubeconfigError, match="exec plugin"):
        by(kubeconfig(tmp_path, "https://a:1", {"auth-provider": {"name": "oidc"}}))


def test_another_name_than_the_address_may_be_in_the_servers_certificate(tmp_path: Path) -> None:
    """`tls-server-name` is held against the certificate; without it the address is."""
    with tls_server(tmp_path, EMPTY) as (server, authority):
        options = {"certificate-authority": str(authority)}
        address = server.replace("127.0.0.1", "localhost")
        other = by(kubeconfig(tmp_path, address, None, **options))
        named_so = by(
            kubeconfig(tmp_path, address, None, **options, **{"tls-server-name": "127.0.0.1"})
        )
        careless = by(kubeconfig(tmp_path, address, None, **{"insecure-skip-tls-verify": True}))

        assert [[], []] == [pods(named_so).objects, pods(careless).objects]
        with pytest.raises(ApiError, match="Hostname mismatch"):
            pods(other)


# Lists


def page(names: str, more: str = "") -> tuple[int, dict[str, Any]]:
    """Give a page of objects, with the word for the next one."""
    return 200, {"metadata": {"continue": more}, "items": [{"name": name} for name in names]}


def test_a_long_list_is_read_page_after_page(tmp_path: Path) -> None:
    """Each page names the next (Kubernetes API concepts, "Retrieving large results sets")."""
    with listening(page("ab", "next"), page("c")) as (server, asked):
        found = pods(by(kubeconfig(tmp_path, server)))

    assert ["a", "b", "c"] == [one["name"] for one in found.objects]
    assert [None, ["next"]] == [query.get("continue") for _headers, query in asked]


def test_a_list_that_changed_between_two_pages_is_read_at_once(tmp_path: Path) -> None:
    """410 means that the rest is forgotten: all of it is asked for again, without pages."""
    with listening(page("ab", "next"), (410, {"message": "too old"}), page("xyz")) as (
        server,
        asked,
    ):
        found = pods(by(kubeconfig(tmp_path, server)))

    assert ["x", "y", "z"] == [one["name"] for one in found.objects]
    assert {} == asked[-1][1]


def test_a_list_without_an_end_is_given_up(tmp_path: Path) -> None:
    """A server that always names one more page does not keep us."""
    pages = [page("a", "next")] * 300
    with (
        listening(*pages) as (server, _asked),
        pytest.raises(ApiError, match="has no end"),
    ):
        pods(by(kubeconfig(tmp_path, server)), 50)


def test_the_moment_is_the_servers(tmp_path: Path) -> None:
    """By the header `Date`: our own clock may be hours off."""
    with listening() as (server, _asked):
        found = pods(by(kubeconfig(tmp_path, server)))

    assert found.moment is not None
    assert abs(found.moment - time.time()) < 5


def test_the_image_check_does_not_load_what_asks_the_api() -> None:
    """`meshdoctor image` starts as fast as before: clients and bundles are loaded by diagnose."""
    code = "import sys; from meshdoctor.cli import application; application(); print(*sys.modules)"
    done = subprocess.run((sys.executable, "-c", code), check=True, capture_output=True, text=True)

    loaded = [one for one in done.stdout.split() if one.startswith("meshdoctor.probes.kubernetes")]
    assert [] == loaded
