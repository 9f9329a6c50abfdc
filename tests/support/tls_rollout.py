"""From plain text to mutual TLS under visitors, Pod by Pod as two Deployments do it.

`python -m tests.support.tls_rollout at-once` replaces shops and backends at the same time, as one
`kubectl apply` does; `in-order` holds the shops back until a backend talks TLS, and the other
backends until all shops do. Both print what the visitors got.
"""

import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from meshdoctor.lab.authority import Authority
from tests.support.books_process import BooksProcess
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_net import free_port
from tests.support.mesh_shop import NAME
from tests.support.mesh_shop_process import ShopProcess
from tests.support.tls_mesh import Side
from tests.support.visitors import Visit, visitors

BACKENDS: Final = 3
SHOPS: Final = 2
MIN_READY_SECONDS: Final = 10.0
"""Of the Deployment of recommendations: a client has looked the name up twice by then."""
PER_SECOND: Final = 20
"""Pages of each shop."""


class Rollout:
    """Two Deployments that are being changed.

    Args:
        path: for the Secrets.
        stack: ends what is started.
        shops: variables of the shops.
    """

    def __init__(self, path: Path, stack: ExitStack, **shops: str) -> None:
        authority = Authority()
        self._sides = {side: Side(path / side, authority) for side in ("backend", "shop")}
        self._stack = stack
        self._shops = shops
        self._port = free_port("127.0.0.1")
        self._dns = DnsServer(name=NAME)
        stack.callback(self._dns.close)
        self._old_backends = [self._backend() for _number in range(BACKENDS)]
        self._publish(self._old_backends)
        self._new_backends: list[BooksProcess] = []
        self._visits: list[list[Visit]] = []
        self._old_shops = [self._open(self._shop()) for _number in range(SHOPS)]

    def replace_backend(self) -> None:
        """Bring a new one, publish it when it is ready, and let an old one go when it has aged."""
        self._new_backends.append(self._backend(**self._sides["backend"].environment()))
        leaving = self._old_backends[0]
        self._publish([*self._old_backends, *self._new_backends])
        time.sleep(MIN_READY_SECONDS)
        self._old_backends.remove(leaving)
        self._publish([*self._old_backends, *self._new_backends])
        leaving.end()

    def replace_shop(self) -> None:
        """Bring a new one, send its visitors there when it is ready, and let an old one go."""
        new = self._open(self._shop(**self._sides["shop"].environment()))
        leaving = self._old_shops.pop(0)
        self._old_shops.append(new)
        leaving()

    def outcomes(self) -> Counter[str]:
        """Count all pages by status and freshness."""
        return Counter(
            f"{visit.status} {visit.freshness}" for visits in self._visits for visit in visits
        )

    def _backend(self, **environment: str) -> BooksProcess:
        health = str(free_port("127.0.0.1"))
        started = BooksProcess(self._port, DRAIN_SECONDS="1", HEALTH_PORT=health, **environment)
        return self._stack.enter_context(started)

    def _shop(self, **environment: str) -> ShopProcess:
        host, port = self._dns.servers[0]
        return ShopProcess(
            ready=True,
            RECOMMENDATIONS_TARGET=f"{NAME}:{self._port}",
            DNS_SERVERS=f"{host}:{port}",
            **self._shops,
            **environment,
        )

    def _open(self, shop: ShopProcess) -> Callable[[], None]:
        coming = ExitStack()
        self._stack.callback(coming.close)
        coming.enter_context(shop)
        self._visits.append(
            coming.enter_context(visitors(shop.host, shop.port, PER_SECOND, threads=4)).all
        )
        return coming.close

    def _publish(self, backends: list[BooksProcess]) -> None:
        self._dns.addresses = tuple(one.host for one in backends)


def at_once(rollout: Rollout) -> None:
    """Change both Deployments by one command."""

    def replace_backends() -> None:
        for _number in range(BACKENDS):
            rollout.replace_backend()

    backends = threading.Thread(target=replace_backends)
    backends.start()
    for _number in range(SHOPS):
        rollout.replace_shop()
    backends.join()


def in_order(rollout: Rollout) -> None:
    """One backend, then all shops, then the other backends."""
    rollout.replace_backend()
    for _number in range(SHOPS):
        rollout.replace_shop()
    for _number in range(BACKENDS - 1):
        rollout.replace_backend()


def measure(order: Callable[[Rollout], None], path: Path, **shops: str) -> Counter[str]:
    """Run a rollout under visitors, with two quiet seconds before and after it."""
    with ExitStack() as stack:
        rollout = Rollout(path, stack, **shops)
        time.sleep(2.0)
        order(rollout)
        time.sleep(2.0)
        return rollout.outcomes()


if __name__ == "__main__":
    chosen = {"at-once": at_once, "in-order": in_order}[sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(f"{json.dumps(measure(chosen, Path(folder)))}\n")
