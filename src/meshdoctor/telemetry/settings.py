"""What a service's environment says of its telemetry, in OpenTelemetry's own words."""

from typing import Literal
from urllib.parse import unquote

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetrySettings(BaseSettings):
    """Settings shared by all services; a service's own settings inherit them."""

    model_config = SettingsConfigDict(
        frozen=True,
        populate_by_name=True,
        extra="ignore",
        env_ignore_empty=True,  # OpenTelemetry: an empty variable is as good as none
    )

    sampler_ratio: float = Field(default=0.1, ge=0, le=1, alias="OTEL_TRACES_SAMPLER_ARG")
    """Share of requests that are traced, decided at the edge."""

    otlp_endpoint: str = Field(
        default="", pattern=r"^$|^https?://[^/\s]+$", alias="OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    """`http://host:port` of a collector that takes OTLP over gRPC; empty exports nothing."""

    resource_attributes: str = Field(
        default="", pattern=r"^$|^[^=,]+=[^,]*(,[^=,]+=[^,]*)*$", alias="OTEL_RESOURCE_ATTRIBUTES"
    )
    """`key=value,key=value`, e.g. from the Downward API; a comma in a value is `%2C`."""

    traces: bool = Field(default=True, alias="MESHDOCTOR_TRACES")
    """False makes no traces at all."""

    sdk_disabled: bool = Field(default=False, alias="OTEL_SDK_DISABLED")
    """True makes no traces either: OpenTelemetry's own word for it."""

    metrics: bool = Field(default=True, alias="MESHDOCTOR_METRICS")
    """False makes no metrics and opens no metrics port."""

    logs: bool = Field(default=True, alias="MESHDOCTOR_REQUEST_LOGS")
    """False writes no lines about requests, only about the process."""

    slow_seconds: float = Field(default=0.25, gt=0, le=60, alias="MESHDOCTOR_SLOW_SECONDS")
    """Requests slower than this are logged although they are not sampled."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", alias="MESHDOCTOR_LOG_LEVEL"
    )
    """The least important lines that are written."""

    @property
    def tracing(self) -> bool:
        """Whether spans are made of requests that are sampled, here or by the caller."""
        return self.traces and not self.sdk_disabled

    @property
    def ratio(self) -> float:
        """Share of requests to sample at the edge; 0 when traces are off."""
        return self.sampler_ratio if self.tracing else 0.0

    @property
    def is_off(self) -> bool:
        """Whether requests leave no metric, no span, no line and no trace id."""
        return not (self.metrics or self.logs or self.tracing)

    @property
    def resource(self) -> dict[str, str]:
        """`resource_attributes` as a dictionary."""
        pairs = (pair.partition("=") for pair in self.resource_attributes.split(",") if pair)
        return {key.strip(): unquote(value.strip()) for key, _equals, value in pairs}
