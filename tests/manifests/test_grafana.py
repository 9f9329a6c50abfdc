"""Grafana as it is deployed: no way in but the password, no way out, everything provisioned."""

import json
import re
from configparser import ConfigParser
from itertools import chain
from typing import Any

import pytest
import yaml

from observability import grafana, knobs
from tests.support.manifests import OVERLAYS, ROOT, Manifest, Overlay
from tests.support.mounts import arrival, files, ports

NAMESPACE = "monitoring"
NAME = "grafana"
SECRET = "grafana-admin"  # noqa: S105 - its name
INI = "/etc/grafana/grafana.ini"
PROVISIONING = "/etc/grafana/provisioning"  # GF_PATHS_PROVISIONING of the image
MUST_WRITE = {"/var/lib/grafana", "/tmp"}  # noqa: S108 - in the Pod: its data, its plugins' sockets

with_grafana = pytest.mark.parametrize(
    "overlay",
    [one for one in OVERLAYS if any(NAME == it["metadata"]["name"] for it in one.of("Deployment"))],
    ids=lambda one: one.name,
)

SAFE = [
    # Who may come in.
    ("auth.anonymous", "enabled", "false"),
    ("users", "allow_sign_up", "false"),
    ("users", "allow_org_create", "false"),
    ("snapshots", "enabled", "false"),
    ("snapshots", "external_enabled", "false"),
    ("public_dashboards", "enabled", "false"),
    ("security", "cookie_samesite", "strict"),
    ("security", "content_security_policy", "true"),
    # Whom it would tell of itself, or ask.
    ("security", "disable_gravatar", "true"),
    ("analytics", "reporting_enabled", "false"),
    ("analytics", "check_for_updates", "false"),
    ("analytics", "check_for_plugin_updates", "false"),
    ("analytics", "feedback_links_enabled", "false"),
    ("news", "news_feed_enabled", "false"),
    # What it would fetch.
    ("plugins", "preinstall_disabled", "true"),
    ("plugins", "preinstall_auto_update", "false"),
    ("plugins", "plugin_admin_enabled", "false"),
    ("plugins", "public_key_retrieval_disabled", "true"),
]


def pod(overlay: Overlay) -> Manifest:
    """Give the Pod template."""
    template: Manifest = overlay.named("Deployment", NAME, NAMESPACE)["spec"]["template"]
    return template


def container(overlay: Overlay) -> Manifest:
    """Give its one container."""
    (only,) = pod(overlay)["spec"]["containers"]
    found: Manifest = only
    return found


def mounted(overlay: Overlay) -> dict[str, str]:
    """Give its files, by their paths."""
    return files(overlay, NAMESPACE, pod(overlay))


def ini(overlay: Overlay) -> ConfigParser:
    """Read its settings."""
    parser = ConfigParser(interpolation=None)
    parser.read_string(mounted(overlay)[INI])
    return parser


def below(overlay: Overlay, folder: str) -> dict[str, Any]:
    """Give the provisioning files of a folder."""
    return {
        path: yaml.safe_load(text)
        for path, text in mounted(overlay).items()
        if path.startswith(f"{folder}/")
    }


@with_grafana
@pytest.mark.parametrize(("section", "key", "value"), SAFE)
def test_it_is_safe(overlay: Overlay, section: str, key: str, value: str) -> None:
    """Said in so many words, whatever the version's default is."""
    assert value == ini(overlay)[section][key]


@with_grafana
def test_no_variable_says_otherwise(overlay: Overlay) -> None:
    """A variable would win over the file, and a secret in one is a secret that leaks."""
    assert [] == [*container(overlay).get("env", ()), *container(overlay).get("envFrom", ())]


def secrets(overlay: Overlay) -> dict[str, str]:
    """Give the settings that come out of files: the setting, the file."""
    security = ini(overlay)["security"]
    found = {key: re.fullmatch(r"\$__file\{(.+)\}", value) for key, value in security.items()}
    return {key: match[1] for key, match in found.items() if match}


@with_grafana
def test_the_password_is_in_a_secret_that_is_not_here(overlay: Overlay) -> None:
    """Password and key are files of a Secret that no overlay has, and without which none starts."""
    told = secrets(overlay)
    (mount,) = (
        one
        for one in container(overlay)["volumeMounts"]
        if all(path.startswith(f"{one['mountPath']}/") for path in told.values())
    )
    (volume,) = (one for one in pod(overlay)["spec"]["volumes"] if one["name"] == mount["name"])

    assert {"admin_password", "secret_key"} == set(told)
    assert SECRET == volume["secret"]["secretName"]
    assert not volume["secret"].get("optional")
    assert [] == [one for one in overlay.of("Secret") if one["metadata"]["name"] == SECRET]


@with_grafana
def test_the_documented_command_makes_that_secret(overlay: Overlay) -> None:
    """With the keys that are read, each of a random value."""
    text = (ROOT / "docs/monitoring.md").read_text("utf-8").replace("\\\n", " ")
    (command,) = re.findall(
        r"^kubectl .*create secret generic grafana-admin .*$", text, re.MULTILINE
    )
    keys = re.findall(r'--from-literal=([\w-]+)="\$\(openssl rand -hex (\d+)\)"', command)

    assert f"-n {NAMESPACE}" in command
    assert {path.rpartition("/")[2] for path in secrets(overlay).values()} == {
        one for one, _ in keys
    }
    assert all(int(count) >= 16 for _, count in keys)


@with_grafana
def test_it_is_where_the_links_lead(overlay: Overlay) -> None:
    """Its address is that of the alerts' links; its first page is a dashboard that is there."""
    (service,) = (one for one in overlay.of("Service") if one["metadata"]["name"] == NAME)
    (port,) = service["spec"]["ports"]

    assert knobs.GRAFANA == ini(overlay)["server"]["root_url"]
    assert knobs.GRAFANA.endswith(f":{port['port']}")
    assert "ClusterIP" == service["spec"].get("type", "ClusterIP")
    assert ini(overlay)["dashboards"]["default_home_dashboard_path"] in mounted(overlay)


@with_grafana
def test_the_dashboards_arrive_where_they_are_looked_for(overlay: Overlay) -> None:
    """The provider's folder has every generated dashboard under its name, and nothing else."""
    (provision,) = below(overlay, f"{PROVISIONING}/dashboards").values()
    (provider,) = provision["providers"]
    folder = provider["options"]["path"]
    found = {path: text for path, text in mounted(overlay).items() if path.startswith(f"{folder}/")}

    assert {
        f"{folder}/{path.rpartition('/')[2]}": text
        for path, text in grafana.files().items()
        if path.endswith(".json")
    } == found
    assert {path.rpartition("/")[2] for path in found} == {
        f"{json.loads(text)['uid']}.json" for text in found.values()
    }


def sources(overlay: Overlay) -> dict[str, Manifest]:
    """Give the provisioned data sources by uid."""
    found = below(overlay, f"{PROVISIONING}/datasources").values()
    return {one["uid"]: one for one in chain.from_iterable(each["datasources"] for each in found)}


def everything(content: object) -> list[dict[str, Any]]:
    """Return every object inside a JSON document."""
    if isinstance(content, list):
        return [found for each in content for found in everything(each)]
    if isinstance(content, dict):
        return [content, *(found for each in content.values() for found in everything(each))]
    return []


@with_grafana
def test_every_data_source_that_is_named_is_there(overlay: Overlay) -> None:
    """Dashboards ask the one that is chosen, of a type that is provisioned; exemplars lead on."""
    known = sources(overlay)
    boards = [json.loads(text) for path, text in mounted(overlay).items() if ".json" in path]
    asked = [
        one["datasource"] for one in everything(boards) if isinstance(one.get("datasource"), dict)
    ]
    led_to = [
        one["datasourceUid"]
        for source in known.values()
        for one in source["jsonData"].get("exemplarTraceIdDestinations", ())
    ]

    assert asked
    assert {"${datasource}"} >= {one["uid"] for one in asked} - set(known)
    assert {one["type"] for one in asked} <= {one["type"] for one in known.values()}
    assert led_to
    assert set(led_to) <= set(known)
    assert [True] == [one["isDefault"] for one in known.values() if "isDefault" in one]


@with_grafana
def test_every_data_source_leads_to_a_service(overlay: Overlay) -> None:
    """Each address is the whole name of a Service with that port, behind which a Pod listens."""
    names = {
        uid: arrival(overlay, one["url"]).service["metadata"]["name"]
        for uid, one in sources(overlay).items()
    }

    assert {"prometheus": "prometheus", grafana.TRACES: "jaeger"} == names


@with_grafana
def test_jaeger_is_asked_by_its_stable_api(overlay: Overlay) -> None:
    """Grafana's data source has a toggle for it, and Jaeger drops the API that is asked without."""
    assert "jaeger" == sources(overlay)[grafana.TRACES]["type"]
    assert "true" == ini(overlay)["feature_toggles"]["jaegerEnableGrpcEndpoint"]


@with_grafana
def test_what_it_writes_is_bounded(overlay: Overlay) -> None:
    """Its disk is read-only but for two folders, which have a size and go with the Pod."""
    volumes = {one["name"]: one for one in pod(overlay)["spec"]["volumes"]}
    mounts = container(overlay)["volumeMounts"]
    writable = {one["mountPath"]: volumes[one["name"]] for one in mounts if not one.get("readOnly")}

    assert set(writable) == MUST_WRITE
    assert all("sizeLimit" in one["emptyDir"] for one in writable.values())
    assert {"http": 3000} == ports(pod(overlay))
