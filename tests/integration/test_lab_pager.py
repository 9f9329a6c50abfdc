"""The lab's pager, called as Alertmanager calls it, and as nobody should."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.pager import MAX_BODY_BYTES, Pager, PagerServer
from meshdoctor.lab.webhook import PagedAlert

pytestmark = pytest.mark.integration

MESSAGE = {
    "version": "4",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "pages",
    "groupLabels": {},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://127.0.0.1:9093",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "ServiceAbsent", "cause": "connect-refused"},
            "annotations": {"summary": "nobody is there"},
            "startsAt": "2024-05-01T10:00:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": "a",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "ServiceAbsent"},
            "annotations": {},
            "startsAt": "2024-05-01T10:00:00Z",
            "endsAt": "2024-05-01T12:01:00+02:00",
        },
    ],
}
TEN_O_CLOCK = 1714557600.0
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def server() -> Iterator[PagerServer]:
    """A pager on a free port."""
    with PagerServer("127.0.0.1", 0) as server:
        yield server


def post(server: PagerServer, body: bytes, method: str = "POST") -> tuple[int, str]:
    """Status and text of the answer to a request."""
    request = urllib.request.Request(server.url, body, method=method)  # noqa: S310 - our own server
    try:
        with OPENER.open(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def raw(server: PagerServer, request: bytes) -> bytes:
    """The first line of the answer to bytes that no decent client sends."""
    port = int(server.url.rstrip("/").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        return connection.makefile("rb").readline()


def test_a_message_becomes_a_notification(server: PagerServer) -> None:
    """Receiver, status, labels, texts and times arrive; what fires still has no end."""
    assert (200, "taken\n") == post(server, json.dumps(MESSAGE).encode())
    (notification,) = server.pager.notifications

    assert ("pages", "firing") == (notification.receiver, notification.status)
    assert notification.at > TEN_O_CLOCK
    assert (
        PagedAlert(
            name="ServiceAbsent",
            status="firing",
            labels={"cause": "connect-refused"},
            annotations={"summary": "nobody is there"},
            started=TEN_O_CLOCK + 0.123456,
            ended=None,
        ),
        PagedAlert("ServiceAbsent", "resolved", {}, {}, TEN_O_CLOCK, TEN_O_CLOCK + 60),
    ) == notification.alerts


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[]",
        b"\xff\xfe",
        json.dumps({**MESSAGE, "version": "3"}).encode(),
        json.dumps({**MESSAGE, "alerts": []}).encode(),
        json.dumps({**MESSAGE, "status": "perhaps"}).encode(),
        json.dumps({**MESSAGE, "alerts": [{"labels": {"a\nb": 1}}]}).encode(),
    ],
)
def test_what_is_no_message_is_refused_in_a_line(server: PagerServer, body: bytes) -> None:
    """400 with the reason, nothing is kept, and the next message is taken."""
    status, text = post(server, body)

    assert 400 == status
    assert text.startswith("no message of Alertmanager, version 4: ")
    assert 1 == len(text.splitlines())
    assert () == server.pager.notifications
    assert 200 == post(server, json.dumps(MESSAGE).encode())[0]


def test_only_messages_of_a_decent_length_are_read(server: PagerServer) -> None:
    """No length, a huge one, one beyond any number: refused before a byte of it is read."""
    huge = b"POST / HTTP/1.0\r\nContent-Length: " + str(MAX_BODY_BYTES + 1).encode()
    absurd = b"POST / HTTP/1.0\r\nContent-Length: " + b"9" * 5000

    assert b" 411 " in raw(server, b"POST / HTTP/1.0\r\n\r\n")
    assert b" 411 " in raw(server, b"POST / HTTP/1.0\r\nContent-Length: -1\r\n\r\n")
    assert b" 413 " in raw(server, huge + b"\r\n\r\n")
    assert b" 413 " in raw(server, absurd + b"\r\n\r\n")
    assert 501 == post(server, b"", "PUT")[0]


def test_a_message_that_breaks_off_is_none(
    server: PagerServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A client that hangs up in the middle leaves nothing behind, not even a line on the screen."""
    port = int(server.url.rstrip("/").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 100\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        assert b" 400 " in connection.makefile("rb").readline()

    assert () == server.pager.notifications
    assert ("", "") == capfd.readouterr()


def test_memory_is_bounded() -> None:
    """The newest are kept: an Alertmanager may run for weeks."""
    with PagerServer("127.0.0.1", 0, Pager(limit=2)) as server:
        for receiver in ("first", "second", "third"):
            post(server, json.dumps({**MESSAGE, "receiver": receiver}).encode())

        assert ["second", "third"] == [each.receiver for each in server.pager.notifications]


def test_a_taken_port_is_one_sentence(server: PagerServer) -> None:
    """Where something else listens already, the sentence names the address."""
    port = int(server.url.rstrip("/").rpartition(":")[2])

    with pytest.raises(LabError, match=f"cannot take pages on 127.0.0.1:{port}: Address already"):
        PagerServer("127.0.0.1", port).__enter__()


def test_the_port_is_given_back() -> None:
    """After the `with` block another pager can listen there."""
    with PagerServer("127.0.0.1", 0) as first:
        port = int(first.url.rstrip("/").rpartition(":")[2])

    with PagerServer("127.0.0.1", port) as second:
        assert 200 == post(second, json.dumps(MESSAGE).encode())[0]
