"""What a service tells: metrics with exemplars, spans, logs, and the cause of every failed call."""

from meshdoctor.telemetry.assembly import Telemetry
from meshdoctor.telemetry.rpc_client import ClientCalls, client_interceptor
from meshdoctor.telemetry.rpc_server import ServerCalls
from meshdoctor.telemetry.settings import TelemetrySettings

__all__ = ["ClientCalls", "ServerCalls", "Telemetry", "TelemetrySettings", "client_interceptor"]
