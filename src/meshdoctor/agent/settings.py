"""What an agent's environment says."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, IPvAnyAddress, TypeAdapter, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from meshdoctor.agent.knowledge import AGENT_PORT, DNS_ADDRESS
from meshdoctor.probes.mesh.evidence import INTERVAL_SECONDS
from meshdoctor.probes.mesh.files import NAMESPACE

_IP = TypeAdapter(IPvAnyAddress)
_Port = Annotated[int, Field(ge=0, le=65535)]


class AgentSettings(BaseSettings):
    """Settings of the agent; each is an environment variable MESH_AGENT_NAME but where it says."""

    model_config = SettingsConfigDict(
        env_prefix="MESH_AGENT_",
        frozen=True,
        populate_by_name=True,
        extra="ignore",
        env_ignore_empty=True,
    )

    knowledge: Path | None = None
    """A JSON file with all there is to ask, instead of the Kubernetes API."""

    node: str = Field(default="", alias="NODE_NAME", validate_default=True)
    """The agent's own node, by the Downward API; needed unless the file says it."""

    pod: str = Field(default="", alias="POD_NAME")
    """The agent's own Pod, by the Downward API; told in its log."""

    namespace: str = Field(default=NAMESPACE, alias="POD_NAMESPACE", min_length=1)
    """Where the agents live, and where they write their reports."""

    interval_seconds: float = Field(default=INTERVAL_SECONDS, ge=0.5, le=300, allow_inf_nan=False)
    """From the beginning of one round to that of the next."""

    answer_host: str = "127.0.0.1"
    """Address at which the neighbours are answered; 0.0.0.0 in a Pod."""

    answer_port: _Port = AGENT_PORT
    """Port of it, TCP and UDP; 0 takes any free one."""

    metrics_host: str = "127.0.0.1"
    """Address of the page with metrics, health and the last report."""

    metrics_port: _Port = 9464
    """Port of that page; 0 takes any free one."""

    services_namespace: str = Field(default="bookstore", min_length=1)
    """Where the services live whose backends and metrics pages are looked at."""

    dns_name: str = Field(
        default="recommendations.bookstore.svc.cluster.local.", max_length=253, pattern=r"^\S+\.$"
    )
    """What name servers are asked for, with a dot at the end."""

    dns_address: str = DNS_ADDRESS
    """Of cluster DNS while the API has not said another."""

    ca: Path | None = None
    """PEM file of the authorities that vouch for the backends' certificates."""

    memory: Path | None = None
    """File in which what the API said is kept over a restart; in a Pod, on an emptyDir."""

    account: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount")
    """Folder with the token and the API's authority, as the kubelet mounts it."""

    api_host: str = Field(default="", alias="KUBERNETES_SERVICE_HOST", validate_default=True)
    """Of the API, a Service's address; Kubernetes sets it."""

    api_port: int = Field(default=443, alias="KUBERNETES_SERVICE_PORT", ge=1, le=65535)
    """Of the API; Kubernetes sets it."""

    @field_validator("answer_host", "metrics_host", "dns_address")
    @classmethod
    def _address(cls, value: str) -> str:
        return str(_IP.validate_python(value))

    @field_validator("node")
    @classmethod
    def _known(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("knowledge") is None:
            raise ValueError("name the agent's own node (Downward API: spec.nodeName)")
        return value

    @field_validator("api_host")
    @classmethod
    def _somewhere(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("knowledge") is None:
            raise ValueError(
                "no Kubernetes API is here; outside of a Pod, name a file: MESH_AGENT_KNOWLEDGE"
            )
        return value
