"""What the environment may say to the recommendations service."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, IPvAnyAddress, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from meshdoctor.mesh.tlssettings import TlsSettings
from meshdoctor.telemetry import TelemetrySettings
from recommendations.catalogue import SHIPPED

NO_PORT = -1


def _no_service_link(value: Any) -> Any:  # noqa: ANN401 - before any check, so anything
    """Recognise what Kubernetes puts into every Pod's environment for a Service of our name."""
    if isinstance(value, str) and value.startswith("tcp://"):
        raise ValueError(
            "this is a Kubernetes service link and no port; set the variable in the Pod, or"
            " enableServiceLinks: false"
        )
    return value


_Seconds = Annotated[float, Field(ge=0, le=300, allow_inf_nan=False)]


class RecommendationsSettings(TlsSettings, TelemetrySettings):
    """Settings of the service, each read from RECOMMENDATIONS_ and its name in capitals.

    The variables of `TelemetrySettings` keep their own names. An empty variable is as good as none.
    """

    model_config = SettingsConfigDict(env_prefix="RECOMMENDATIONS_", env_ignore_empty=True)

    host: IPvAnyAddress = IPv4Address("127.0.0.1")
    """Address of the gRPC port: loopback, unless told otherwise."""

    port: Annotated[int, Field(ge=0, le=65535), BeforeValidator(_no_service_link)] = 50051
    """The gRPC port; 0 takes any free one."""

    metrics_host: IPvAnyAddress = IPv4Address("127.0.0.1")
    """Address of the metrics page."""

    metrics_port: int = Field(default=9464, ge=NO_PORT, le=65535)
    """Port of the metrics page; 0 takes any free one, -1 opens none."""

    health_port: int = Field(default=NO_PORT, ge=NO_PORT, le=65535)
    """Another port for health alone, in plain text, on `host`; 0 takes any free one."""

    tls_clients: str = ""
    """Names, comma separated, one of which a caller's certificate must have; empty: any name."""

    threads: int = Field(default=4, ge=1, le=64)
    """Threads that handle calls: 2 to 4 answer more calls a second than more of them."""

    max_concurrent_rpcs: int = Field(default=16, ge=1, le=10_000)
    """Calls in hand, waiting ones included; those beyond get RESOURCE_EXHAUSTED at once."""

    reflection: bool = False
    """Whether strangers may ask for the contract (grpcurl and its like need it)."""

    drain_seconds: _Seconds = 1.0
    """How long clients have to notice NOT_SERVING before new calls are refused."""

    grace_seconds: _Seconds = 8.0
    """How long calls in flight may take to finish after that."""

    fault_delay_seconds: _Seconds = 0.0
    """Rehearsal: each answer comes this much later."""

    fault_error_ratio: float = Field(default=0.0, ge=0, le=1, allow_inf_nan=False)
    """Rehearsal: this share of the calls fails."""

    catalogue: Path = SHIPPED
    """The catalogue's file; the shipped one unless told otherwise."""

    @field_validator("tls_clients")
    @classmethod
    def _needs_tls(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("tls_ca") is None:
            raise ValueError(
                "without TLS callers have no names, and all would be served: set"
                " RECOMMENDATIONS_TLS_CERTIFICATE, _KEY and _CA, or no RECOMMENDATIONS_TLS_CLIENTS"
            )
        return value

    @property
    def callers(self) -> tuple[str, ...]:
        """`tls_clients` as a tuple."""
        return tuple(name.strip() for name in self.tls_clients.split(",") if name.strip())
