"""Visitors who mean no good: requests that differ in all that a visitor can choose."""

import contextlib
import http.client
import random
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from http.client import REQUEST_ENTITY_TOO_LARGE as TOO_LARGE
from itertools import product
from urllib.parse import quote

_PATIENCE = 20.0
_TOO_LONG = 5000
_ROUTES = ("/", "/api/v1/recommendations", "/healthz", "/readyz", "/static/style.css")
_PATHS = (
    *_ROUTES,
    *("//", "//healthz", "/api//v1/recommendations", "/./", "/%2e%2e/etc/passwd", "/static/{0}"),
    *("/{0}", "/wp-admin/{0}.php", "/metrics", "/api/v1/{0}", "/?{0}", "*", "/healthz/"),
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "X{0}")
_QUERIES = (
    *("", "?user={0}", "?user_id={0}&category=mystery", "?category={0}", "?user={1}"),
    *("?category=mystery&user_id=guest", "?max_results={0}&category=mystery&user_id=a", "?{2}"),
)
_HEADERS = (
    "",
    "Accept: text/html",
    "Range: bytes=0-1",
    "Range: bytes=900000-",
    "If-None-Match: *",
    "If-Modified-Since: Fri, 01 Jan 2049 00:00:00 GMT",
    "Content-Length: 999999",
    "Accept: {0}/{0}",
    "User-Agent: {0}",
    "Host: {0}",
    "X-Forwarded-For: 10.0.0.1, {0}",
    "X-HTTP-Method-Override: {0}",
    "traceparent: 00-{3:032x}-{3:016x}-01",
    "baggage: user={0}",
    "Transfer-Encoding: {0}",
    "{0}: {0}",
)


def every_kind() -> Iterator[bytes]:
    """Yield each method on each path with each query and each header, in an order drawn once."""
    dice = random.Random(7)  # noqa: S311 - the same requests in each run
    kinds = list(product(_METHODS, _PATHS, _QUERIES, _HEADERS))
    dice.shuffle(kinds)
    for kind in kinds:
        yield _request(*kind, dice)


def _request(method: str, path: str, query: str, header: str, dice: random.Random) -> bytes:
    number = dice.getrandbits(64) | 1
    word = f"w{number:x}"
    anything = quote("".join(chr(dice.randrange(1, 0x2FF)) for _ in range(12)))
    filled = (
        text.format(word, anything, "a" * _TOO_LONG, number) for text in (method, path + query)
    )
    headers = header.format(word, anything, "", number)
    host = "" if headers.startswith("Host") else "Host: shop\r\n"
    return "{} {} HTTP/1.1\r\n{}{}\r\n".format(*filled, host, headers and headers + "\r\n").encode()


def crowd(host: str, port: int, requests: Sequence[bytes], threads: int = 8) -> Counter[int]:
    """Send all requests over as many connections as there are threads.

    Returns:
        How many answers had which status; 0: the server hung up without one.
    """
    statuses: list[Counter[int]] = [Counter() for _ in range(threads)]
    visitors = [
        threading.Thread(
            target=_visit, args=(host, port, requests[number::threads], statuses[number])
        )
        for number in range(threads)
    ]
    for one in visitors:
        one.start()
    for one in visitors:
        one.join()
    return sum(statuses, Counter())


def _visit(host: str, port: int, requests: Iterable[bytes], statuses: Counter[int]) -> None:
    peer: socket.socket | None = None
    for request in requests:
        peer = peer or socket.create_connection((host, port), _PATIENCE)
        status, stays = _ask(peer, request)
        statuses[status] += 1
        if not stays:
            peer.close()
            peer = None
    if peer is not None:
        peer.close()


def _ask(peer: socket.socket, request: bytes) -> tuple[int, bool]:
    """Return the status and whether the connection is still good."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        peer.sendall(request)
        response = http.client.HTTPResponse(peer, method=request.partition(b" ")[0].decode())
        response.begin()
        response.read()
        # Behind a body that was refused and never sent, the next request would be taken for it.
        return response.status, not response.will_close and response.status != TOO_LARGE
    return 0, False
