"""What twenty scrapers that ask again at once cost the shop's visitors, measured.

`python -m tests.support.scrape_bench [ROUNDS]` starts marketplace, backend and DNS, and lets
visitors ask at a steady pace, in turn without scrapers and with them, so that both meet the same
neighbours on the machine. It prints each round and the ratio of the medians of the 99th
percentiles, and ends with exit code 1 when that is more than two.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Self

from tests.support.books_process import BooksProcess
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_shop import NAME
from tests.support.mesh_shop_process import ShopProcess
from tests.support.visitors import p99, visitors

ROUNDS = 20
MOST = 2.0
_SECONDS = 2.0
_SETTLING_SECONDS = 0.3
_VISITS_PER_SECOND = 100
_FOR_EVER = "86400"


def main(rounds: int) -> int:
    """Measure and print; return the exit code."""
    quiet: list[float] = []
    stormy: list[float] = []
    with ExitStack() as stack:
        shop = _shop(stack)
        storm = stack.enter_context(_Storm(shop))
        _visit(shop)
        for number in range(1, rounds + 1):
            quiet.append(_visit(shop))
            with storm.raging():
                stormy.append(_visit(shop))
            _say(
                f"round {number}: p99 {quiet[-1] * 1e3:.1f} ms without scrapers,"
                f" {stormy[-1] * 1e3:.1f} ms with them"
            )
    ratio = median(stormy) / median(quiet)
    _say(
        f"medians {median(quiet) * 1e3:.1f} and {median(stormy) * 1e3:.1f} ms, ratio {ratio:.2f},"
        f" at most {MOST:g}: {'met' if ratio <= MOST else 'NOT MET'}"
    )
    return 0 if ratio <= MOST else 1


class _Storm:
    """Twenty scrapers in a process of their own, which is frozen while they are not wanted."""

    def __init__(self, shop: ShopProcess) -> None:
        command = ("-m", "tests.support.scrapers", shop.host, str(shop.metrics_port), _FOR_EVER)
        self._process = subprocess.Popen((sys.executable, *command), stdout=subprocess.DEVNULL)
        time.sleep(_SETTLING_SECONDS)
        self._process.send_signal(signal.SIGSTOP)

    @contextmanager
    def raging(self) -> Iterator[None]:
        """Let them scrape within the block."""
        self._process.send_signal(signal.SIGCONT)
        time.sleep(_SETTLING_SECONDS)
        yield
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(_SETTLING_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._process.kill()
        self._process.wait()


def _shop(stack: ExitStack) -> ShopProcess:
    books = stack.enter_context(BooksProcess())
    dns = stack.enter_context(DnsServer(books.host, name=NAME))
    return stack.enter_context(
        ShopProcess(
            RECOMMENDATIONS_TARGET=f"{NAME}:{books.port}",
            DNS_SERVERS="{}:{}".format(*dns.servers[0]),
        )
    )


def _visit(shop: ShopProcess) -> float:
    """Visit for a while; return the 99th percentile in seconds."""
    with visitors(shop.host, shop.port, _VISITS_PER_SECOND) as visits:
        time.sleep(_SECONDS)
    return p99(visits.all)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command for a person


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
