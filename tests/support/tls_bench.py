"""What mutual TLS costs a page, measured beside plain text and beside plain text's twin.

`python -m tests.support.tls_bench [ROUNDS]` starts three meshes, two in plain text and one with
mutual TLS, and lets visitors ask each in turn at the same pace, in an order that is drawn anew each
round. It prints CPU time per page of shop and backend together, and how long pages took.
"""

import random
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from meshdoctor.lab.authority import Authority
from meshdoctor.lab.bench.meter import cpu_seconds
from tests.support.books_process import BooksProcess
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_net import free_port
from tests.support.mesh_shop import NAME
from tests.support.mesh_shop_process import ShopProcess
from tests.support.tls_mesh import Side
from tests.support.visitors import p99, visitors

ROUNDS = 15
_SECONDS = 3.0
_PER_SECOND = 150
_RANDOM = random.Random()  # noqa: S311 - the order of a measurement, no secret


@dataclass(slots=True)
class Contender:
    """A mesh and what it cost.

    Attributes:
        shop: where visitors go.
        pids: whose CPU time counts.
        cpu: milliseconds per page, by round.
        late: 99th percentile in milliseconds, by round.
    """

    shop: ShopProcess
    pids: tuple[int, ...]
    cpu: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    def visit(self) -> None:
        """Let visitors come for a round."""
        before = cpu_seconds(*self.pids)
        with visitors(self.shop.host, self.shop.port, _PER_SECOND) as visits:
            time.sleep(_SECONDS)
        spent = cpu_seconds(*self.pids) - before
        live = [visit for visit in visits.all if visit.freshness == "live"]
        self.cpu.append(spent / len(visits.all) * 1e3)
        self.late.append(p99(live) * 1e3)


def main(rounds: int) -> None:
    """Measure and print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = Authority()
        backend, shop = (Side(folder / name, authority) for name in ("backend", "shop"))
        contenders = {
            "plain": _start(stack, {}, {}),
            "plain again": _start(stack, {}, {}),
            "mutual TLS": _start(stack, backend.environment(), shop.environment()),
        }
        order = list(contenders.values())
        for one in order:
            one.visit()
            one.cpu.clear()
            one.late.clear()
        for _round in range(rounds):
            _RANDOM.shuffle(order)
            for one in order:
                one.visit()
        for name, one in contenders.items():
            plain = contenders["plain"]
            sys.stdout.write(
                f"{name}: {median(one.cpu):.3f} ms of CPU a page, ratio"
                f" {median(one.cpu) / median(plain.cpu):.3f}; p99 {median(one.late):.1f} ms\n"
            )


def _start(stack: ExitStack, backend: dict[str, str], shop: dict[str, str]) -> Contender:
    port = free_port("127.0.0.1")
    health = str(free_port("127.0.0.1"))
    books = stack.enter_context(BooksProcess(port, HEALTH_PORT=health, **backend))
    dns = DnsServer(books.host, name=NAME)
    stack.callback(dns.close)
    host, dns_port = dns.servers[0]
    process = stack.enter_context(
        ShopProcess(
            ready=True,
            RECOMMENDATIONS_TARGET=f"{NAME}:{port}",
            DNS_SERVERS=f"{host}:{dns_port}",
            **shop,
        )
    )
    return Contender(process, (books.pid, process.process.pid))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
