"""What a service tells: metrics with exemplars, spans, logs, and the cause of every failed call."""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meshdoctor.telemetry.assembly import Telemetry
    from meshdoctor.telemetry.rpc_client import ClientCalls, client_interceptor
    from meshdoctor.telemetry.rpc_server import ServerCalls
    from meshdoctor.telemetry.settings import TelemetrySettings

__all__ = ["ClientCalls", "ServerCalls", "Telemetry", "TelemetrySettings", "client_interceptor"]

_MODULES = MappingProxyType(
    {
        "ClientCalls": "rpc_client",
        "ServerCalls": "rpc_server",
        "Telemetry": "assembly",
        "TelemetrySettings": "settings",
        "client_interceptor": "rpc_client",
    }
)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    """Import what is asked for (PEP 562).

    Who only wants the catalogue's names, as the agent does in 60 MiB, is spared gRPC and all else.
    """
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
