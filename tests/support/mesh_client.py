"""A client with a mesh channel to the echo service, and its books."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import grpc
from prometheus_client import CollectorRegistry

from meshdoctor.mesh import ClientTls, MeshChannel, MeshPolicy, Resolver, Target
from meshdoctor.mesh.sideprobe import side_probe
from meshdoctor.telemetry import ClientCalls
from meshdoctor.telemetry.instruments import Instruments
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.settle import FailureCounter
from tests.support.mesh_dns import NAME, DnsServer
from tests.support.mesh_echo import ASK

POLICY = MeshPolicy(deadline_seconds=0.5, second_try_seconds=0.1, idempotent={ASK})
PATIENT = MeshPolicy(deadline_seconds=4.0, second_try_seconds=2.0, idempotent={ASK})
"""For tests about anything but time: a test machine stalls for longer than a caller should wait."""


class Client:
    """What a service has: a channel, a method, metrics."""

    def __init__(
        self,
        target: Target,
        resolver: Resolver | None = None,
        policy: MeshPolicy = POLICY,
        fallback: Sequence[str] = (),
        tls: ClientTls | None = None,
    ) -> None:
        self.registry = CollectorRegistry()
        instruments = Instruments(self.registry)
        outlets = Outlets(instruments=instruments)
        # Only where a greeting tells more: the other tests hear what the text alone says.
        probe = partial(side_probe, resolver or Resolver(), greets=tls.greets) if tls else None
        calls = ClientCalls(target.host, outlets, FailureCounter(instruments, probe))
        self.channel = MeshChannel(
            target, policy, calls, resolver=resolver, fallback=fallback, credentials=tls
        )
        self.ask: Any = self.channel.unary_unary(f"/{ASK}")

    @classmethod
    def named(cls, dns: DnsServer, port: int, **more: Any) -> Self:  # noqa: ANN401 - passed on
        """Make a client that finds the service by `NAME`."""
        return cls(Target(NAME, port), Resolver(dns.servers), **more)

    def code(self, timeout: float | None = None) -> grpc.StatusCode:
        """Call once and return the status."""
        try:
            self.ask(b"?", timeout=timeout)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
        return grpc.StatusCode.OK

    def metric(self, name: str, **labels: str) -> float | None:
        """Return a sample's value; None when there is no such series."""
        return self.registry.get_sample_value(name, labels)

    def causes(self) -> dict[str, float]:
        """Return the failures so far by cause; causes that never happened are left out."""
        return {
            sample.labels["cause"]: sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == "rpc_client_failures_total" and sample.value
        }

    def second_tries(self, outcome: str) -> float:
        """Return how many second tries were `sent` or `denied`."""
        return self.metric("rpc_client_retries_total", rpc_method=ASK, outcome=outcome) or 0.0

    def breaker(self, address: str) -> float | None:
        """Return a breaker's state, None when there is no such series."""
        return self.metric("rpc_client_breaker_state", server_address=address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.channel.close()
