"""The agent's settings: told all at once when they are bad, and enough to begin with."""

from pathlib import Path

import pytest

from meshdoctor.agent.settings import AgentSettings
from meshdoctor.settings import SettingsError, load_settings

NEEDED = {"NODE_NAME": "worker-1", "KUBERNETES_SERVICE_HOST": "10.96.0.1"}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without what the machine's own environment says."""
    for variable in (*NEEDED, "KUBERNETES_SERVICE_PORT", "POD_NAME", "POD_NAMESPACE"):
        monkeypatch.delenv(variable, raising=False)


def test_every_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The missing ones too, by the names that Kubernetes gives them."""
    monkeypatch.setenv("MESH_AGENT_INTERVAL_SECONDS", "0")
    monkeypatch.setenv("MESH_AGENT_ANSWER_HOST", "everywhere")
    monkeypatch.setenv("MESH_AGENT_ANSWER_PORT", "tcp://10.96.7.7:9967")
    monkeypatch.setenv("MESH_AGENT_DNS_NAME", "recommendations.bookstore")

    with pytest.raises(SettingsError) as caught:
        load_settings(AgentSettings)

    assert {
        "NODE_NAME",
        "KUBERNETES_SERVICE_HOST",
        "MESH_AGENT_INTERVAL_SECONDS",
        "MESH_AGENT_ANSWER_HOST",
        "MESH_AGENT_ANSWER_PORT",
        "MESH_AGENT_DNS_NAME",
    } == {line.partition(":")[0] for line in caught.value.lines}


def test_in_a_pod_node_and_api_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes gives the second by itself."""
    for variable, value in NEEDED.items():
        monkeypatch.setenv(variable, value)

    settings = load_settings(AgentSettings)

    assert ("worker-1", "10.96.0.1", 443, None) == (
        settings.node,
        settings.api_host,
        settings.api_port,
        settings.knowledge,
    )


def test_with_a_file_neither_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which node it is for."""
    monkeypatch.setenv("MESH_AGENT_KNOWLEDGE", "known.json")

    assert Path("known.json") == load_settings(AgentSettings).knowledge
