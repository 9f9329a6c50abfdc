"""What Kubernetes' own schemas do not know: custom resources, by the fields that we use of them.

From the published references of what defines them, and stricter: a field that is not here is
refused, so that a misspelt one is found, and one that is new to us is looked up first.
https://prometheus-operator.dev/docs/api-reference/api/
https://cert-manager.io/docs/reference/api-docs/
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tests.support.manifests import Manifest

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", max_length=253)]
Text = Annotated[str, Field(min_length=1)]
Words = dict[str, str]
Duration = Annotated[
    str,
    Field(
        pattern=r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?"
        r"(([0-9]+)ms)?)$",
        min_length=1,
    ),
]


class Strict(BaseModel):
    """An object with these fields and no others, of exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Strict):
    """Of every object."""

    name: Name
    namespace: Name
    labels: Words


class Selector(Strict):
    """Selects by labels."""

    matchLabels: Words  # noqa: N815 - Kubernetes' names, here and below


class RecordingRule(Strict):
    """A rule that makes a series."""

    record: Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
    expr: Text
    labels: Words | None = None


class AlertingRule(Strict):
    """A rule that makes an alert."""

    alert: Text
    expr: Text
    hold: Annotated[Duration | None, Field(alias="for")] = None
    keep_firing_for: Duration | None = None
    labels: Words
    annotations: Words


class RuleGroup(Strict):
    """Rules that are evaluated one after the other."""

    name: Text
    interval: Duration
    rules: list[RecordingRule | AlertingRule]


class RuleGroups(Strict):
    """All of them."""

    groups: list[RuleGroup]


class PrometheusRule(Strict):
    """monitoring.coreos.com/v1."""

    apiVersion: Literal["monitoring.coreos.com/v1"]  # noqa: N815
    kind: Literal["PrometheusRule"]
    metadata: Metadata
    spec: RuleGroups


class Endpoint(Strict):
    """A port to scrape, by its name."""

    port: Name
    path: Annotated[str, Field(pattern="^/")]
    interval: Duration
    scrapeTimeout: Duration  # noqa: N815
    honorLabels: bool  # noqa: N815


class Namespaces(Strict):
    """Where Services are looked for."""

    matchNames: list[Name]  # noqa: N815


class Monitoring(Strict):
    """Which Services, and what of them."""

    jobLabel: Text  # noqa: N815
    selector: Selector
    namespaceSelector: Namespaces  # noqa: N815
    sampleLimit: Annotated[int, Field(gt=0)]  # noqa: N815
    endpoints: list[Endpoint]


class ServiceMonitor(Strict):
    """monitoring.coreos.com/v1."""

    apiVersion: Literal["monitoring.coreos.com/v1"]  # noqa: N815
    kind: Literal["ServiceMonitor"]
    metadata: Metadata
    spec: Monitoring


Hours = Annotated[str, Field(pattern=r"^[1-9][0-9]*h$")]
"""A duration of Go, which has no days."""


class IssuerRef(Strict):
    """Who signs."""

    group: Literal["cert-manager.io"]
    kind: Literal["Issuer", "ClusterIssuer"]
    name: Name


class PrivateKey(Strict):
    """What key, and whether a renewal brings another."""

    algorithm: Literal["RSA", "ECDSA", "Ed25519"]
    size: int
    encoding: Literal["PKCS1", "PKCS8"]
    rotationPolicy: Literal["Never", "Always"]  # noqa: N815


class CertificateSpec(Strict):
    """What is signed, for whom, how long, and the Secret it goes to."""

    secretName: Name  # noqa: N815
    isCA: bool = False  # noqa: N815
    commonName: Annotated[str, Field(max_length=64)] | None = None  # noqa: N815
    dnsNames: list[Name] | None = None  # noqa: N815
    duration: Hours
    renewBefore: Hours  # noqa: N815
    usages: list[Literal["digital signature", "cert sign", "server auth", "client auth"]]
    privateKey: PrivateKey  # noqa: N815
    issuerRef: IssuerRef  # noqa: N815


class Certificate(Strict):
    """cert-manager.io/v1."""

    apiVersion: Literal["cert-manager.io/v1"]  # noqa: N815
    kind: Literal["Certificate"]
    metadata: Metadata
    spec: CertificateSpec


class SelfSigned(Strict):
    """Each certificate signs itself."""

    selfSigned: dict[str, str]  # noqa: N815


class Authority(Strict):
    """The Secret with the CA's certificate and key."""

    secretName: Name  # noqa: N815


class SignedByAuthority(Strict):
    """A CA of one's own signs."""

    ca: Authority


class Issuer(Strict):
    """cert-manager.io/v1."""

    apiVersion: Literal["cert-manager.io/v1"]  # noqa: N815
    kind: Literal["Issuer"]
    metadata: Metadata
    spec: SelfSigned | SignedByAuthority


KINDS: dict[str, TypeAdapter[Strict]] = {
    "PrometheusRule": TypeAdapter(PrometheusRule),
    "ServiceMonitor": TypeAdapter(ServiceMonitor),
    "Certificate": TypeAdapter(Certificate),
    "Issuer": TypeAdapter(Issuer),
}


def is_custom(one: Manifest) -> bool:
    """Say whether somebody else than Kubernetes defines an object's kind."""
    group = one["apiVersion"].rpartition("/")[0]
    return "." in group and not group.endswith(".k8s.io")


def faults(one: Manifest) -> list[str]:
    """Hold a custom resource against its fields; return what is wrong, with the place.

    Raises:
        KeyError: nobody has written down yet what this kind may have.
    """
    try:
        KINDS[one["kind"]].validate_python(one)
    except ValidationError as error:
        return [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return []
