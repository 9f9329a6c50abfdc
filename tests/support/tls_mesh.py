"""A marketplace and its backends as processes, with Secrets that can be swapped under them."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from meshdoctor.lab.authority import Authority, Mounted
from tests.support.books_process import BooksProcess
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_net import free_port
from tests.support.mesh_shop import NAME
from tests.support.mesh_shop_process import ShopProcess, kept_environment
from tests.support.tls_secrets import SHOP, backend_leaf, shop_leaf

_CA: Final = "ca.crt"
_BACKENDS: Final = 2


class Side:
    """One Deployment's files: the Secret with its leaf, and the folder of CAs that it believes."""

    def __init__(self, path: Path, authority: Authority) -> None:
        self._leaf_of = backend_leaf if path.name == "backend" else shop_leaf
        self._leaf = Mounted(path / "leaf", self._leaf_of(authority).files())
        self._believed = Mounted(path / "ca", {_CA: authority.certificate})

    def environment(self) -> dict[str, str]:
        """Return the variables, without a prefix."""
        return {
            "TLS_CERTIFICATE": str(self._leaf.path / "tls.crt"),
            "TLS_KEY": str(self._leaf.path / "tls.key"),
            "TLS_CA": str(self._believed.path),
        }

    def renew(self, authority: Authority) -> None:
        """Put a new leaf in place."""
        self._leaf.swap(self._leaf_of(authority).files())

    def believe(self, *authorities: Authority) -> None:
        """Put another bundle in place."""
        self._believed.swap({_CA: b"".join(one.certificate for one in authorities)})


class TlsMesh:
    """A marketplace over backends that talk TLS.

    Args:
        path: for the Secrets.
        authority: whose certificates both begin with, and who is believed.
        shops: the shop's, when it is another.
    """

    def __init__(self, path: Path, authority: Authority, shops: Authority | None = None) -> None:
        self.backend = Side(path / "backend", authority)
        self.shop = Side(path / "shop", shops or authority)
        self._closing = ExitStack()
        port = free_port("127.0.0.1")
        started = [self._start_backend(port) for _number in range(_BACKENDS)]
        dns = DnsServer(*(one.host for one in started), name=NAME)
        self._closing.callback(dns.close)
        host, dns_port = dns.servers[0]
        self.process = self._closing.enter_context(
            ShopProcess(
                ready=True,
                # This is about lost calls; a machine that stalls is another matter.
                DEADLINE_SECONDS="2",
                SECOND_TRY_SECONDS="1",
                RECOMMENDATIONS_TARGET=f"{NAME}:{port}",
                DNS_SERVERS=f"{host}:{dns_port}",
                **self.shop.environment(),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._closing.close()

    def _start_backend(self, port: int) -> BooksProcess:
        health = str(free_port("127.0.0.1"))
        environment = self.backend.environment()
        return self._closing.enter_context(
            BooksProcess(port, HEALTH_PORT=health, TLS_CLIENTS=SHOP, **environment)
        )


def refusal(service: str, **environment: str) -> tuple[int, str]:
    """Start a service that will not start; return its exit code and what it says."""
    prefixed = {f"{service.upper()}_{name}": value for name, value in environment.items()}
    done = subprocess.run(
        (sys.executable, "-m", service),
        env={**kept_environment(), **prefixed},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stderr
