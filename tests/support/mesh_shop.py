"""A marketplace in this process: the real application, channel and books, without a web server."""

import io
from collections.abc import Sequence
from typing import Self

import grpc
from prometheus_client import CollectorRegistry
from werkzeug.test import TestResponse

from marketplace.app import connect, create_app
from marketplace.settings import MarketplaceSettings
from meshdoctor.mesh import MeshServer
from meshdoctor.telemetry import Telemetry
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_net import addresses, free_port

NAME = "recommendations.bookstore.svc.cluster.local."
PAGE = "/"
API = "/api/v1/recommendations?category=mystery&user_id=guest"
TITLES = (
    "Murder on the Orient Express",
    "The Hound of the Baskervilles",
    "The Maltese Falcon",
)


class Shop:
    """The application as visitors see it, over a backend that can be broken.

    Args:
        backend: what serves the recommendations; None: nobody does.
        channel: in place of the mesh's channel.
        settings: some of them changed.
    """

    def __init__(
        self,
        backend: MeshServer | None = None,
        channel: grpc.Channel | None = None,
        **settings: object,
    ) -> None:
        (self.host,) = addresses(1)
        self.port = free_port(self.host)
        self.backend = backend
        if backend is not None:
            backend.start(self.host, self.port)
        self.dns = DnsServer(self.host, name=NAME)
        self.registry = CollectorRegistry()
        self._settings = MarketplaceSettings.model_validate(self._defaults() | settings)
        self._telemetry = Telemetry(self._settings, "marketplace", self.registry)
        self._channel = channel or connect(self._settings, self._telemetry)
        self.app = create_app(self._settings, self._telemetry, self._channel)

    def get(self, path: str, accept: str = "*/*") -> TestResponse:
        """Ask as a visitor does."""
        return self.app.test_client().get(path, headers={"Accept": accept})

    def send(self, method: str, path: str, body: bytes = b"") -> TestResponse:
        """Ask with another method, perhaps with a body."""
        return self.app.test_client().open(path, method=method, input_stream=io.BytesIO(body))

    def metric(self, name: str, **labels: str) -> float:
        """Return a sample's value; 0 when there is no such series."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def replace_backend(self, backend: MeshServer) -> None:
        """Put another server at the backend's address."""
        assert self.backend is not None
        self.backend.stop()
        self.backend = backend
        backend.start(self.host, self.port)

    def secrets(self) -> Sequence[str]:
        """Return what no visitor may read, in lower case."""
        dns_host, dns_port = self.dns.servers[0]
        return (self.host, str(self.port), dns_host, str(dns_port), "127.", NAME.lower())

    def close(self) -> None:
        """Give everything back."""
        self._channel.close()
        self._telemetry.shutdown(0.5)
        self.dns.close()
        if self.backend is not None:
            self.backend.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _defaults(self) -> dict[str, object]:
        dns_host, dns_port = self.dns.servers[0]
        return {
            "recommendations_target": f"{NAME}:{self.port}",
            "dns_servers": f"{dns_host}:{dns_port}",
            "deadline_seconds": 1.0,  # a test machine stalls for longer than a visitor should wait
            "second_try_seconds": 0.5,
        }
