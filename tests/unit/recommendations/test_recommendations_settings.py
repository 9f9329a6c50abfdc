"""The settings: their defaults, and that every bad variable is named at once."""

import pytest

from meshdoctor.settings import SettingsError, load_settings
from recommendations.catalogue import SHIPPED
from recommendations.settings import RecommendationsSettings

BAD = {
    "HOST": "localhost:80",
    "PORT": "65536",
    "METRICS_HOST": "",
    "METRICS_PORT": "-2",
    "THREADS": "0",
    "MAX_CONCURRENT_RPCS": "many",
    "REFLECTION": "perhaps",
    "DRAIN_SECONDS": "-1",
    "GRACE_SECONDS": "inf",
    "FAULT_DELAY_SECONDS": "nan",
    "FAULT_ERROR_RATIO": "1.1",
}


def test_the_defaults_are_safe() -> None:
    """Without any variable the service listens on loopback, and shows and spoils nothing."""
    settings = RecommendationsSettings()

    assert str(settings.host) == str(settings.metrics_host) == "127.0.0.1"
    assert settings.port == 50051
    assert settings.reflection is False
    assert settings.fault_delay_seconds == settings.fault_error_ratio == 0
    assert settings.catalogue == SHIPPED


def test_every_bad_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One error names all bad variables by their full names; empty ones count as unset."""
    for name, value in BAD.items():
        monkeypatch.setenv(f"RECOMMENDATIONS_{name}", value)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "2")

    with pytest.raises(SettingsError) as caught:
        load_settings(RecommendationsSettings)

    expected = {f"RECOMMENDATIONS_{name}" for name in BAD if name != "METRICS_HOST"}
    expected.add("OTEL_TRACES_SAMPLER_ARG")
    assert expected == {line.partition(":")[0] for line in caught.value.lines}


def test_a_service_link_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes sets RECOMMENDATIONS_PORT=tcp://... beside a Service of that name; say so."""
    monkeypatch.setenv("RECOMMENDATIONS_PORT", "tcp://10.96.0.7:50051")

    with pytest.raises(SettingsError, match="enableServiceLinks: false"):
        load_settings(RecommendationsSettings)
