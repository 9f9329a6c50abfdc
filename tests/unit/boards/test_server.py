"""The local view over HTTP."""

import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshdoctor.lab.boards.server import BoardServer, local
from meshdoctor.lab.errors import LabError
from tests.unit.boards.places import site


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a running site."""
    with BoardServer("127.0.0.1", 0, site(tmp_path)) as server:
        yield int(server.url.rpartition(":")[2].rstrip("/"))


def ask(
    port: int, path: str = "/", method: str = "GET", host: str = "127.0.0.1"
) -> tuple[http.client.HTTPResponse, bytes]:
    """Send one request, its path and Host as they are; the answer and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    if host:
        connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_a_page_comes_with_its_locks(port: int) -> None:
    """Policy, no sniffing, no framing, no referrer, no cache: on every answer."""
    for path in ("/", "/nothing", "/d/overview"):
        answer, body = ask(port, path)

        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert policy.endswith("base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        assert ["nosniff", "DENY", "no-referrer", "no-store", "same-origin"] == [
            answer.headers[name]
            for name in (
                *("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"),
                *("Cache-Control", "Cross-Origin-Resource-Policy"),
            )
        ]
        assert str(len(body)) == answer.headers["Content-Length"]


def test_head_is_get_without_the_body(port: int) -> None:
    """Status and headers are the same, the body is not sent."""
    get, page = ask(port)
    head, nothing = ask(port, method="HEAD")

    assert (get.status, b"") == (head.status, nothing)
    assert str(len(page)) == head.headers["Content-Length"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_can_be_changed(port: int, method: str) -> None:
    """Every other method is not there."""
    assert 501 == ask(port, method=method)[0].status


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "", "10.0.0.1:3000"]
)
def test_another_name_is_refused(port: int, host: str) -> None:
    """A page of another name that leads here (DNS rebinding) reads nothing."""
    answer, body = ask(port, host=host)

    assert 421 == answer.status
    assert b"ask for localhost" in body
    assert b"dashboard" not in body


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:3000", "127.0.0.1:8080", "127.9.9.9", "[::1]:3000", "[::1]"]
)
def test_this_machine_has_many_names(host: str) -> None:
    """Every loopback name and address is fine, with any port: one may be forwarded."""
    assert local(host)


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/traces/..%2f..%2fpasswd", "/%2e%2e/x"])
def test_no_file_is_served(port: int, path: str) -> None:
    """There are pages, and no files: a path out of the site leads nowhere."""
    answer, body = ask(port, path)

    assert 404 == answer.status
    assert b"root:" not in body


def test_many_at_once_are_all_answered(port: int) -> None:
    """Twenty requests side by side each get their page."""
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(ask(port)[0].status)) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [200] * 20 == statuses


def test_a_client_that_hangs_up_is_no_news(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    """Half a request, or no wish for the answer, prints nothing and stops nobody."""
    for text in (b"GET / HT", b"GET /d/overview HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(text)

    assert 200 == ask(port)[0].status
    assert ("", "") == capfd.readouterr()


def test_a_taken_port_is_one_sentence(port: int, tmp_path: Path) -> None:
    """Whoever cannot listen says where and why."""
    with (
        pytest.raises(LabError, match=f"cannot show dashboards on 127.0.0.1:{port}: Address"),
        BoardServer("127.0.0.1", port, site(tmp_path)),
    ):
        pass


def test_the_port_is_given_back(tmp_path: Path) -> None:
    """After the `with` block nobody listens."""
    with BoardServer("127.0.0.1", 0, site(tmp_path)) as server:
        port = int(server.url.rpartition(":")[2].rstrip("/"))

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
