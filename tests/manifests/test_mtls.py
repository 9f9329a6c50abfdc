"""Mutual TLS in the cluster: the certificates are those that the services ask each other for."""

import re
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path

import pytest

from marketplace.settings import MarketplaceSettings
from meshdoctor.lab.authority import CLIENT, SERVER, Authority, Leaf, Mounted
from meshdoctor.mesh import Target
from meshdoctor.mesh.tlssettings import TlsSettings
from observability import knobs
from recommendations.settings import RecommendationsSettings
from tests.support.manifests import Manifest, load
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_net import addresses, until
from tests.support.pod_process import PodProcess
from tests.support.prometheus_pod import configuration

MTLS = load("kubeadm-mtls")
USAGES = {"server auth": SERVER, "client auth": CLIENT}
SETTINGS: dict[str, type[TlsSettings]] = {
    "marketplace": MarketplaceSettings,
    "recommendations": RecommendationsSettings,
}
SECONDS = 60.0

each_service = pytest.mark.parametrize("service", SETTINGS)


def spec(service: str) -> Manifest:
    """Give what is asked of cert-manager for a service."""
    found: Manifest = MTLS.named("Certificate", service)["spec"]
    return found


def pod(service: str) -> Manifest:
    """Give a service's Pod."""
    found: Manifest = MTLS.named("Deployment", service)["spec"]["template"]
    return found


def variables(service: str) -> dict[str, str]:
    """Give the variables that have a value."""
    (container,) = pod(service)["spec"]["containers"]
    return {one["name"]: one["value"] for one in container["env"] if "value" in one}


def hours(duration: str) -> int:
    """Read a duration."""
    return int(duration.removesuffix("h"))


def mounted(service: str, secrets: Mapping[str, Leaf]) -> dict[str, bytes]:
    """Give the files of a Pod's volume by their paths in it, from Secrets by name."""
    (volume,) = pod(service)["spec"]["volumes"]
    return {
        item["path"]: secrets[source["secret"]["name"]].files()[item["key"]]
        for source in volume["projected"]["sources"]
        if "secret" in source
        for item in source["secret"]["items"]
    }


def test_the_chain_of_issuers_ends_in_itself() -> None:
    """Each certificate's issuer is there, and signs with a CA that cert-manager makes."""
    certificates = {one["spec"]["secretName"]: one["spec"] for one in MTLS.of("Certificate")}
    for one in certificates.values():
        issuer = MTLS.named("Issuer", one["issuerRef"]["name"])["spec"]
        if one.get("isCA"):
            assert {"selfSigned": {}} == issuer
        else:
            assert certificates[issuer["ca"]["secretName"]]["isCA"]


def test_a_renewed_authority_is_known_already() -> None:
    """It keeps its key, so that nobody has to be told; leaves get another one each time."""
    assert "Never" == spec("mesh-authority")["privateKey"]["rotationPolicy"]
    assert hours(spec("mesh-authority")["renewBefore"]) > hours(spec("marketplace")["duration"])
    for service in SETTINGS:
        assert "Always" == spec(service)["privateKey"]["rotationPolicy"]


@each_service
def test_a_leaf_is_renewed_long_before_anybody_is_woken(service: str) -> None:
    """A day; a third of it is left when it is renewed, and a ticket waits for a quarter."""
    asked = spec(service)
    left = hours(asked["renewBefore"]) / hours(asked["duration"])

    assert 24 == hours(asked["duration"])
    assert 1 / knobs.TLS_CRITICAL_PART < 1 / knobs.TLS_SOON_PART < left


def test_the_names_are_those_that_are_asked_for() -> None:
    """Each side looks for a name in the other's certificate, and that is what it has."""
    target = Target.parse(variables("marketplace")["MARKETPLACE_RECOMMENDATIONS_TARGET"])

    assert [target.host.removesuffix(".")] == spec("recommendations")["dnsNames"]
    assert [variables("recommendations")["RECOMMENDATIONS_TLS_CLIENTS"]] == spec("marketplace")[
        "dnsNames"
    ]


def test_no_leaf_passes_for_the_other_side() -> None:
    """One is a server's, the other a client's, and the CA is neither."""
    usages = {
        name: set(spec(name)["usages"]) & set(USAGES) for name in (*SETTINGS, "mesh-authority")
    }

    assert {
        "recommendations": {"server auth"},
        "marketplace": {"client auth"},
        "mesh-authority": set(),
    } == usages


@each_service
def test_the_files_are_where_the_settings_say(service: str) -> None:
    """Every path is in the volume, the CA's is its folder; only the group may read the key."""
    (container,) = pod(service)["spec"]["containers"]
    (mount,) = container["volumeMounts"]
    (volume,) = pod(service)["spec"]["volumes"]
    leaf = Authority().leaf("x")
    paths = {f"{mount['mountPath']}/{path}" for path in mounted(service, {f"{service}-tls": leaf})}
    told = {
        name.rpartition("_")[2]: value
        for name, value in variables(service).items()
        if "_TLS_" in name and value.startswith("/")
    }

    assert mount["readOnly"]
    assert paths == {told["CERTIFICATE"], told["KEY"], f"{told['CA']}/issuer.crt"}
    assert 0o440 == volume["projected"]["defaultMode"]
    assert pod(service)["spec"]["securityContext"]["fsGroup"] == 65532


@each_service
def test_every_variable_is_a_setting(service: str) -> None:
    """What the component adds are variables that the service reads."""
    added = [name for name in variables(service) if "_TLS_" in name or "HEALTH" in name]
    fields = {f"{service}_{name}".upper() for name in SETTINGS[service].model_fields}

    assert added
    assert set(added) <= fields


def test_probes_ask_where_no_tls_is_spoken() -> None:
    """All three, and the container says that port."""
    (container,) = pod("recommendations")["spec"]["containers"]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    kinds = ("startup", "readiness", "liveness")
    asked = {container[f"{kind}Probe"]["grpc"]["port"] for kind in kinds}

    assert {ports["health"]} == asked
    assert str(ports["health"]) == variables("recommendations")["RECOMMENDATIONS_HEALTH_PORT"]
    assert "grpc" not in ports  # by that name Prometheus' probe would ask in plain text


def test_prometheus_probes_where_no_tls_is_spoken() -> None:
    """Of the container's ports its probe of health keeps that one alone."""
    (probe,) = (
        one
        for one in configuration(MTLS)["scrape_configs"]
        if one["job_name"] == "probe-grpc-health"
    )
    (rule,) = (one for one in probe["relabel_configs"] if one.get("action") == "keep")
    (container,) = pod("recommendations")["spec"]["containers"]
    names = [one["name"] for one in container["ports"]]

    assert ["health"] == [
        name for name in names if re.fullmatch(rule["regex"], f"recommendations;{name};Running")
    ]


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[tuple[PodProcess, PodProcess]]:
    """Give shop and backend as their manifests have them, with what cert-manager would issue."""
    authority = Authority()
    with ExitStack() as stack:
        (address,) = addresses(1)
        backend = stack.enter_context(start(tmp_path, authority, "recommendations", address))
        backend.becomes_ready(SECONDS)
        target = variables("marketplace")["MARKETPLACE_RECOMMENDATIONS_TARGET"]
        dns = DnsServer(address, name=Target.parse(target).host)
        stack.callback(dns.close)
        (address,) = addresses(1)
        shop = stack.enter_context(start(tmp_path, authority, "marketplace", address, dns))
        shop.becomes_ready(SECONDS)
        yield shop, backend


def start(
    path: Path, authority: Authority, service: str, address: str, dns: DnsServer | None = None
) -> PodProcess:
    """Start a container with its Secret mounted."""
    asked = spec(service)
    usages = [USAGES[usage] for usage in asked["usages"] if usage in USAGES]
    leaf = authority.leaf(*asked["dnsNames"], usages=usages)
    files = mounted(service, {asked["secretName"]: leaf})
    folder = Mounted(path / service, files).path
    template = deepcopy(pod(service))
    (container,) = template["spec"]["containers"]
    (mount,) = container["volumeMounts"]
    for one in container["env"]:
        if one.get("value", "").startswith(f"{mount['mountPath']}/"):
            one["value"] = one["value"].replace(mount["mountPath"], str(folder), 1)
    if dns is not None:
        host, port = dns.servers[0]
        container["env"].append({"name": "MARKETPLACE_DNS_SERVERS", "value": f"{host}:{port}"})
    return PodProcess(template, address)


def freshness(shop: PodProcess) -> str | None:
    """Ask for the page; return where its books came from."""
    with urllib.request.urlopen(f"http://{shop.address}:{shop.port('http')}/", timeout=5) as page:
        told: str | None = page.headers["X-Mesh-Freshness"]
        return told


@pytest.mark.integration
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_mesh_of_the_manifests_talks_tls(mesh: tuple[PodProcess, PodProcess]) -> None:
    """Started as the Pods are, with such Secrets, probes are well and the page is live."""
    shop, backend = mesh

    assert shop.probe("livenessProbe")
    assert backend.probe("livenessProbe")
    until(lambda: freshness(shop) == "live", SECONDS)
    assert 0 == backend.terminate(20)
