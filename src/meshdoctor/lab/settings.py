"""Where the lab listens and keeps things, from the environment (MESH_*)."""

import ipaddress
from collections import Counter
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _loopback(text: str) -> str:
    """The lab has no passwords, so it stays on this machine."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ValueError("must be an IPv4 address of this machine alone (127.x.x.x)")
    return text


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _different(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("every address may be named once")
    return values


Loopback = Annotated[str, AfterValidator(_loopback)]
Port = Annotated[int, Field(ge=1, le=65535)]
Backends = Annotated[
    tuple[Loopback, ...],
    NoDecode,
    BeforeValidator(_split),
    Field(min_length=1, max_length=50),
    AfterValidator(_different),
]


class LabSettings(BaseSettings):
    """Settings of the lab. Every port is on `host`, but for the backends' own addresses.

    Attributes:
        host: loopback address of the marketplace and of the lab's own servers.
        recommendations_hosts: loopback addresses of the backends, one process each.
        metrics_port: of the marketplace and of each backend, beside their service ports.
        cache: folder for programs that were fetched.
        packages: whether programs that are missing may be fetched.
        sampling: share of requests that leave a trace, 0 to 1.
    """

    model_config = SettingsConfigDict(env_prefix="MESH_", frozen=True, populate_by_name=True)

    host: Loopback = "127.0.0.1"
    recommendations_hosts: Backends = ("127.0.0.11", "127.0.0.12", "127.0.0.13")
    marketplace_port: Port = 30997
    recommendations_port: Port = 50051
    metrics_port: Port = 9464
    dns_port: Port = 10053
    prometheus_port: Port = 9090
    alertmanager_port: Port = 9093
    otlp_port: Port = 4317
    pager_port: Port = 9095
    dashboards_port: Port = 3000
    load_metrics_port: Port = 9646
    cache: Path = Path("~/.cache/meshdoctor")
    packages: bool = True
    sampling: float = Field(
        default=0.1, ge=0, le=1, allow_inf_nan=False, validation_alias="OTEL_TRACES_SAMPLER_ARG"
    )

    @model_validator(mode="after")
    def _addresses_differ(self) -> Self:
        if self.host in self.recommendations_hosts:
            raise ValueError(f"MESH_RECOMMENDATIONS_HOSTS may not name MESH_HOST ({self.host})")
        ours = {name for name in type(self).model_fields if name.endswith("_port")}
        self._require_different(ours - {"recommendations_port"})
        self._require_different({"recommendations_port", "metrics_port"})
        return self

    def _require_different(self, names: set[str]) -> None:
        uses = Counter(getattr(self, name) for name in names)
        same = [f"MESH_{name.upper()}" for name in sorted(names) if uses[getattr(self, name)] > 1]
        if same:
            raise ValueError(f"{' and '.join(same)} may not be the same port")
