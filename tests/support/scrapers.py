"""Scrapers that ask again at once, for one format each.

`python -m tests.support.scrapers HOST PORT SECONDS` is twenty of them in a process of their own, so
that they share no interpreter with who measures.
"""

import http.client
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

FORMATS = ("", "application/openmetrics-text; version=1.0.0")
"""What half of the scrapers accept, and what the other half does."""

_SCRAPERS = 20
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Scrapes:
    """What came of it: answers by status, and the different pages seen, each by its format."""

    statuses: Counter[int] = field(default_factory=Counter)
    pages: frozenset[tuple[str, bytes]] = frozenset()


def scrape(host: str, port: int, seconds: float, scrapers: int = _SCRAPERS) -> Scrapes:
    """Scrape with so many threads for some seconds."""
    statuses: Counter[int] = Counter()
    pages: set[tuple[str, bytes]] = set()
    gathering = threading.Lock()
    end = time.monotonic() + seconds

    def run(accept: str) -> None:
        mine: Counter[int] = Counter()
        seen: set[tuple[str, bytes]] = set()
        while time.monotonic() < end:
            status, page = _get(host, port, accept)
            mine[status] += 1
            seen.add((accept, page))
        with gathering:
            statuses.update(mine)
            pages.update(seen)

    crowd = [
        threading.Thread(target=run, args=(FORMATS[number % len(FORMATS)],))
        for number in range(scrapers)
    ]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return Scrapes(statuses, frozenset(pages))


def _get(host: str, port: int, accept: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/metrics", headers={"Accept": accept})
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def main(host: str, port: str, seconds: str) -> None:
    """Scrape and keep nothing."""
    scrape(host, int(port), float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
