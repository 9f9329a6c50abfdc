"""All telemetry of one process, made once, closed last."""

import sys

from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
)

from meshdoctor.telemetry.exposition import MetricsServer
from meshdoctor.telemetry.instruments import Instruments
from meshdoctor.telemetry.journal import Journal
from meshdoctor.telemetry.lines import GatheredLines
from meshdoctor.telemetry.logs import make_logger
from meshdoctor.telemetry.otlp import OtlpSpans
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.rpc_client import ClientCalls
from meshdoctor.telemetry.rpc_server import ServerCalls
from meshdoctor.telemetry.settings import TelemetrySettings
from meshdoctor.telemetry.settle import FailureCounter, Probe


class Telemetry:
    """What a service tells: metrics, spans and logs, each of which may be off.

    Make it after any fork: it owns threads and a gRPC channel.

    Args:
        settings: what is on.
        service: `service.name`, the same in spans, logs and the marker.
        registry: where metrics are registered; a new one when None.
    """

    def __init__(
        self,
        settings: TelemetrySettings,
        service: str,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self.settings = settings
        self.service = service
        self._lines = GatheredLines(sys.stdout.buffer)
        self.logger = make_logger(service, settings.log_level, self._lines)
        registry = registry or _process_registry()
        self._journal = Journal(registry)
        self.instruments = Instruments(registry) if settings.metrics else None
        self.spans = (
            OtlpSpans(
                settings.otlp_endpoint,
                {"service.name": service, **settings.resource},
                self.instruments,
            )
            if settings.otlp_endpoint and settings.tracing
            else None
        )
        self.outlets = Outlets(
            self.instruments,
            self.spans,
            self.logger if settings.logs else None,
            settings.slow_seconds,
            self._journal,
        )
        self._failures: list[FailureCounter] = []
        self._server: MetricsServer | None = None

    def client_calls(self, target: str, probe: Probe | None = None) -> ClientCalls | None:
        """Return the books for calls to `target`, or None when telemetry is off."""
        if self.settings.is_off:
            return None
        failures = None
        if self.instruments is not None:
            failures = FailureCounter(self.instruments, probe)
            self._failures.append(failures)
        return ClientCalls(target, self.outlets, failures)

    def server_interceptors(self) -> tuple[ServerCalls, ...]:
        """Return what to give to a gRPC server; empty when telemetry is off."""
        if self.settings.is_off:
            return ()
        return (ServerCalls(self.service, self.outlets),)

    def serve_metrics(self, host: str, port: int) -> int | None:
        """Open the metrics page; return its port, None when metrics are off.

        Raises:
            OSError: the port is taken.
        """
        if self.instruments is None:
            return None
        self._server = MetricsServer(self.instruments.registry, host, port)
        return self._server.port

    def shutdown(self, seconds: float = 2.0) -> None:
        """Flush and close everything within about `seconds`; call it after the server drained."""
        self._journal.write_up()
        for failures in self._failures:
            failures.close(seconds / 2)
        if self.spans is not None:
            self.spans.shutdown(seconds)
        if self._server is not None:
            self._server.close()
        self._lines.close()


def _process_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
        registry.register(collector)
    return registry
