"""The lab's settings."""

import pytest

from meshdoctor.lab.settings import LabSettings
from meshdoctor.settings import SettingsError, load_settings


def told(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[str, ...]:
    """What a person reads who set these variables; () when they are good."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    try:
        load_settings(LabSettings)
    except SettingsError as error:
        return error.lines
    return ()


def test_defaults_are_the_documented_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any setting the mesh listens where the documentation says."""
    monkeypatch.delenv("OTEL_TRACES_SAMPLER_ARG", raising=False)
    settings = LabSettings()

    assert (30997, 50051, 9464) == (
        settings.marketplace_port,
        settings.recommendations_port,
        settings.metrics_port,
    )
    assert ("127.0.0.11", "127.0.0.12", "127.0.0.13") == settings.recommendations_hosts
    assert 0.1 == settings.sampling


def test_every_bad_variable_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four mistakes are four lines, each naming its variable."""
    lines = told(
        monkeypatch,
        MESH_DNS_PORT="domain",
        MESH_MARKETPLACE_PORT="70000",
        MESH_RECOMMENDATIONS_HOSTS="127.0.0.11,10.0.0.1",
        OTEL_TRACES_SAMPLER_ARG="2",
    )

    assert [
        "MESH_DNS_PORT",
        "MESH_MARKETPLACE_PORT",
        "MESH_RECOMMENDATIONS_HOSTS",
        "OTEL_TRACES_SAMPLER_ARG",
    ] == sorted(line.partition(":")[0] for line in lines)


@pytest.mark.parametrize("host", ["0.0.0.0", "::1", "192.168.1.1", "localhost", ""])  # noqa: S104 - refused
def test_the_lab_stays_on_this_machine(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """It has no passwords, so it refuses every address but loopback."""
    (line,) = told(monkeypatch, MESH_HOST=host)

    assert "must be an IPv4 address of this machine alone (127.x.x.x)" in line


def test_two_servers_cannot_share_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same port for two servers of one address is found before either starts."""
    (line,) = told(monkeypatch, MESH_DNS_PORT="9090")

    assert "MESH_DNS_PORT and MESH_PROMETHEUS_PORT may not be the same port" in line
