"""The settings: safe without any variable, and every bad one named at once."""

import pytest

from marketplace.settings import MarketplaceSettings
from meshdoctor.settings import SettingsError, load_settings

BAD = {
    "PORT": "0",
    "METRICS_PORT": "65536",
    "THREADS": "many",
    "RECOMMENDATIONS_TARGET": "recommendations",
    "DNS_SERVERS": "10.0.0.10:99999",
    "FALLBACK_ADDRESSES": "10.0.0.11,nobody",
    "DEADLINE_SECONDS": "nan",
    "SECOND_TRY_SECONDS": "0",
    "RETRY_BUDGET": "0.3",
}


def test_the_defaults_are_safe() -> None:
    """Loopback, the headless Service's absolute name, and at most a fifth of second tries."""
    settings = MarketplaceSettings()

    assert ("127.0.0.1", 8080) == (settings.host, settings.port)
    assert ("127.0.0.1", 9464) == (settings.metrics_host, settings.metrics_port)
    assert "recommendations.bookstore.svc.cluster.local.:50051" == settings.recommendations_target
    assert (0.25, 0.1, 0.2) == (
        settings.deadline_seconds,
        settings.second_try_seconds,
        settings.retry_budget,
    )
    assert () == settings.fallbacks


def test_every_bad_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One error, one line for each bad variable, by its full name."""
    for name, value in BAD.items():
        monkeypatch.setenv(f"MARKETPLACE_{name}", value)

    with pytest.raises(SettingsError) as caught:
        load_settings(MarketplaceSettings)

    expected = {f"MARKETPLACE_{name}" for name in BAD}
    assert expected == {line.partition(":")[0] for line in caught.value.lines}
    assert len(BAD) == len(caught.value.lines)


def test_lists_may_have_spaces_and_empty_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person writes between commas does not matter."""
    monkeypatch.setenv("MARKETPLACE_FALLBACK_ADDRESSES", " 10.0.0.11 ,, ::1,")

    assert ("10.0.0.11", "::1") == load_settings(MarketplaceSettings).fallbacks
