"""An HTTP answer is whole by the deadline, or there is none: whatever the other side does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.agent.exchange import Answer, ExchangeError, Request, answer_in, exchange

REQUEST = Request("GET", "/", "somewhere", {})


def pieces(*texts: bytes) -> Iterator[bytes]:
    """Give texts, one after the other."""
    yield from texts


def asked(
    texts: Iterator[bytes], *, seconds: float = 2.0, longest: int = 10_000, close: bool = True
) -> Answer:
    """Ask somebody who answers with texts, a little apart, and then hangs up or does not."""
    here, there = socket.socketpair()

    def answer() -> None:
        with suppress(OSError):
            there.recv(10_000)
            for text in texts:
                there.sendall(text)
                time.sleep(0.01)
            if close:
                there.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with here:
            return exchange(here, REQUEST, time.monotonic() + seconds, longest)
    finally:
        thread.join()
        there.close()


def test_an_answer_with_a_length_leaves_the_connection_open() -> None:
    """Its end is known without the connection's."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nDate: now\r\n\r\n"
    found = asked(pieces(head, b"whole"[:4]), close=False)

    assert (200, "now", b"whol") == (found.status, found.headers["Date"], found.body)


def test_an_answer_in_chunks_is_put_together() -> None:
    """As servers send what they make while they send it."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert b"one two" == asked(pieces(head, b"4\r\none \r\n", b"3\r\ntwo\r\n0\r\n\r\n")).body


def test_a_body_ends_with_the_connection_where_nothing_else_says_so() -> None:
    """As HTTP/1.0 has it."""
    assert b"all of it" == asked(pieces(b"HTTP/1.0 200 OK\r\n\r\nall", b" of it")).body


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",), "not whole"),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",), "IncompleteRead"),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), "no HTTP: BadStatusLine"),
        ((b"",), "no HTTP: RemoteDisconnected"),
        ((b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200,), "no HTTP: HTTPException"),
        ((b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 20_000), "longer than 10000 bytes"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\nx",), "not whole"),
        (
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\nx",),
            "IncompleteRead",
        ),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",), "IncompleteRead"),
    ],
)
def test_what_is_no_answer_is_told(texts: tuple[bytes, ...], words: str) -> None:
    """Cut short, of another protocol, too long, or promising more than fits into memory."""
    with pytest.raises(ExchangeError, match=words):
        asked(pieces(*texts))


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"x: y\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        b"",
    ],
)
def test_whoever_sends_a_byte_now_and_then_is_given_up_on(text: bytes) -> None:
    """A socket's own time limit would begin anew with each of them."""
    begun = time.monotonic()
    drops = (text[at : at + 1] for at in range(len(text)))

    with pytest.raises(ExchangeError):
        asked(_for_ever(drops), seconds=0.3, close=False)

    assert time.monotonic() - begun < 3.0


def _for_ever(drops: Iterator[bytes]) -> Iterator[bytes]:
    yield from drops
    end = time.monotonic() + 5
    while time.monotonic() < end:
        yield b"1"


@given(st.text(), st.text(), st.text())
def test_no_request_begins_a_line_of_its_own(target: str, name: str, value: str) -> None:
    """Whatever a name in the API's objects holds."""
    request = Request("GET", f"/{target}", "host", {name: value})
    try:
        lines = request.encoded().split(b"\r\n")
    except (ExchangeError, UnicodeEncodeError):
        return
    assert 5 == len(lines)
    assert 4 == request.encoded().count(b"\n")


@given(st.binary())
def test_any_bytes_are_an_answer_or_an_error(text: bytes) -> None:
    """Nothing else comes of them."""
    for whole in (text, b"HTTP/1.1 " + text, b"HTTP/1.1 200 OK\r\n" + text):
        with suppress(ExchangeError):
            answer_in(whole)
