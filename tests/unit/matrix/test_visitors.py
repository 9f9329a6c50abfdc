"""When pages are live again, looked at through a real server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.matrix.visitors import live_after


class Shop(ThreadingHTTPServer):
    """Answers with the words that it was given, one after the other, and then with the last."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        super().__init__(("127.0.0.1", 0), Page)

    def next(self) -> str:
        """Return the next word."""
        return self.words.pop(0) if len(self.words) > 1 else self.words[0]


class Page(BaseHTTPRequestHandler):
    """One page; the word `500` is its status."""

    server: Shop

    def do_GET(self) -> None:
        """Answer."""
        word = self.server.next()
        self.send_response(500 if word == "500" else 200)
        self.send_header("X-Mesh-Freshness", word)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def shop(*words: str) -> Iterator[str]:
    """Have a shop; yields its address."""
    with Shop(list(words)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def test_a_live_shop_is_live_at_once() -> None:
    """Its first answer counts, though a row of them is looked at."""
    with shop("live") as url:
        assert 0.5 > (live_after(url, 10, Interruption()) or 99)


def test_one_live_answer_among_others_is_not_live() -> None:
    """Each Pod must be: the first of the last row counts, 1 s and more after the beginning here."""
    with shop(*["live"] * 10, "stale", *["live"] * 10, "500", "live") as url:
        seconds = live_after(url, 20, Interruption())

    assert seconds is not None
    assert 1.0 < seconds


@pytest.mark.parametrize("word", ["stale", "builtin", "500"])
def test_a_degraded_shop_is_never_live(word: str) -> None:
    """It is looked at for as long as was wanted."""
    with shop(word) as url:
        assert None is live_after(url, 0.5, Interruption())


def test_nobody_there_is_not_live() -> None:
    """A refused connection is an answer too, and no error."""
    with shop("live") as url:
        pass

    assert None is live_after(url, 0.3, Interruption())
