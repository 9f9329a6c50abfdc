"""The Kubernetes API as the lab runs it: a process, over TLS, with tokens, objects and logs."""

import http.client
import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshdoctor.lab.cluster.apiclient import ApiClient, ApiError
from meshdoctor.lab.cluster.credentials import ADMIN, Credentials
from meshdoctor.lab.kubeapi.resources import built_in
from meshdoctor.lab.kubeapi.store import Store
from tests.support.lab import eventually, free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

AGENT = "system:serviceaccount:meshdoctor:mesh-agent"
SECONDS = 20.0
SPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "cart-1", "namespace": "shop"},
    "spec": {"containers": [{"name": "cart", "image": "cart:1"}]},
    "status": {"phase": "Pending"},
}


@dataclass(frozen=True, slots=True)
class Running:
    """The API that runs.

    Attributes:
        url: where.
        made: who may ask.
        client: of the administrator.
        process: of it.
    """

    url: str
    made: Credentials
    client: ApiClient
    process: "subprocess.Popen[bytes]"

    def get(self, path: str, token: str = "") -> tuple[int, str]:
        """Get a path as it is: its status and its text."""
        trusted = ssl.create_default_context(cadata=self.made.certificate.decode())
        place = self.url.removeprefix("https://")
        head = {"Authorization": f"Bearer {token}"} if token else {}
        with closing(http.client.HTTPSConnection(place, timeout=5, context=trusted)) as connection:
            connection.request("GET", path, headers=head)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Running]:
    """An API with one Pod, whose log has three lines."""
    url = f"https://127.0.0.1:{free_port()}"
    made = Credentials.made(["127.0.0.1"], [AGENT])
    made.write(tmp_path, url)
    (tmp_path / "state.json").write_text(json.dumps({"items": [SPACE, POD]}))
    (tmp_path / "cart-1.log").write_text("one\ntwo\nthree\n")
    words = {
        "--listen": [url.removeprefix("https://")],
        "--tls": [str(tmp_path / "tls.crt"), str(tmp_path / "tls.key")],
        "--tokens": [str(tmp_path / "tokens.json")],
        "--state": [str(tmp_path / "state.json")],
        "--logs": [str(tmp_path)],
    }
    command = [sys.executable, "-m", "meshdoctor.lab.kubeapi"]
    command += [word for name, values in words.items() for word in (name, *values)]
    client = ApiClient(url, made.certificate.decode(), made.tokens[ADMIN])
    with subprocess.Popen(command) as process, closing(client):
        try:
            assert eventually(lambda: answers(client), SECONDS)
            yield Running(url, made, client, process)
        finally:
            process.terminate()


def answers(client: ApiClient) -> bool:
    """Whether it can be asked."""
    try:
        return bool(client.items("Namespace"))
    except ApiError:
        return False


def test_it_begins_with_what_it_was_given(api: Running) -> None:
    """The state is there from the first answer on, with its status."""
    assert "Pending" == api.client.get("Pod", "cart-1", "shop")["status"]["phase"]


def test_an_object_and_its_status_are_put_patched_and_deleted(api: Running) -> None:
    """Put makes what is not there; a status is changed apart from the rest, as by kubelets."""
    api.client.put({**POD, "status": {"phase": "Running"}})
    api.client.patch("Pod", "cart-1", {"metadata": {"labels": {"a": "b"}}}, "shop")
    api.client.patch("Pod", "cart-1", {"status": {"podIP": "192.0.2.1"}}, "shop")
    found = api.client.get("Pod", "cart-1", "shop")
    assert ({"phase": "Running", "podIP": "192.0.2.1"}, {"a": "b"}) == (
        found["status"],
        found["metadata"]["labels"],
    )
    api.client.put({**POD, "metadata": {"name": "cart-2", "namespace": "shop"}})
    api.client.delete("Pod", "cart-1", "shop")
    assert ["cart-2"] == [one["metadata"]["name"] for one in api.client.items("Pod", "shop")]
    with pytest.raises(ApiError) as missing:
        api.client.get("Pod", "cart-1", "shop")
    assert 404 == missing.value.code


def test_a_service_account_may_ask_and_a_stranger_may_not(api: Running) -> None:
    """Every user has a token of its own; without one only its health is told, as by a real API."""
    path = "/api/v1/namespaces"
    assert [200, 401, 401] == [
        api.get(path, token)[0] for token in (api.made.tokens[AGENT], "", "guessed")
    ]
    assert (200, "ok") == api.get("/readyz")


def test_the_end_of_a_log_is_told(api: Running) -> None:
    """As many lines as were asked for; of a Pod that is not there, nothing."""
    path, token = "/api/v1/namespaces/shop/pods/cart-1/log", api.made.tokens[ADMIN]
    assert (200, "one\ntwo\nthree\n") == api.get(path, token)
    assert (200, "three\n") == api.get(f"{path}?tailLines=1", token)
    assert 404 == api.get(path.replace("cart-1", "cart-9"), token)[0]


def test_it_ends_at_once_when_it_is_asked_to(api: Running) -> None:
    """SIGTERM, and exit code 0, although a client is connected."""
    api.process.send_signal(signal.SIGTERM)
    assert 0 == api.process.wait(SECONDS)


def test_whoever_watches_from_too_long_ago_is_told_so() -> None:
    """Old changes are forgotten; a client that needs them has to list anew."""
    store, resource = Store(), built_in("Namespace")
    first = int(store.put(resource, {"metadata": {"name": "shop"}})["metadata"]["resourceVersion"])
    assert store.remembers(first)
    for _ in range(5000):
        store.put(resource, {"metadata": {"name": "shop"}})
    assert (False, True) == (store.remembers(first), store.remembers(store.version))
