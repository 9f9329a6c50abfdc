"""What the marketplace's environment says."""

from typing import Annotated

from pydantic import AfterValidator, Field, IPvAnyAddress, TypeAdapter
from pydantic_settings import SettingsConfigDict

from meshdoctor.mesh import Target
from meshdoctor.mesh.resolver import parse_servers
from meshdoctor.mesh.tlssettings import TlsSettings
from meshdoctor.telemetry import TelemetrySettings

_IP = TypeAdapter(IPvAnyAddress)


def _target(text: str) -> str:
    Target.parse(text)
    return text


def _servers(text: str) -> str:
    parse_servers(text)
    return text


def _addresses(text: str) -> str:
    for entry in filter(None, text.split(",")):
        _IP.validate_python(entry.strip())
    return text


class MarketplaceSettings(TlsSettings, TelemetrySettings):
    """Settings of the marketplace; each is an environment variable MARKETPLACE_NAME."""

    model_config = SettingsConfigDict(env_prefix="MARKETPLACE_")

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on; 0.0.0.0 in a Pod."""

    port: int = Field(default=8080, ge=1, le=65535)
    """Public HTTP port."""

    metrics_host: str = Field(default="127.0.0.1", min_length=1)
    """Address of the metrics page."""

    metrics_port: int = Field(default=9464, ge=1, le=65535)
    """Port of the metrics page; never the public one."""

    threads: int = Field(default=4, ge=1, le=64)
    """Requests answered at once."""

    recommendations_target: Annotated[str, AfterValidator(_target)] = (
        "recommendations.bookstore.svc.cluster.local.:50051"
    )
    """`name:port` of the recommendations' headless Service; the trailing dot saves DNS queries."""

    dns_servers: Annotated[str, AfterValidator(_servers)] = ""
    """`ip` or `ip:port`, comma separated; empty: those of resolv.conf."""

    fallback_addresses: Annotated[str, AfterValidator(_addresses)] = ""
    """IP addresses, comma separated, to call while DNS has never answered."""

    deadline_seconds: float = Field(default=0.25, gt=0, le=10)
    """Time for one recommendation, second try included."""

    second_try_seconds: float = Field(default=0.1, gt=0, le=10)
    """When the first backend is given up on."""

    retry_budget: float = Field(default=0.2, ge=0, le=0.2)
    """Second tries per call, at most."""

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """`fallback_addresses` as a tuple."""
        return tuple(entry.strip() for entry in self.fallback_addresses.split(",") if entry.strip())
