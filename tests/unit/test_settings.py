"""Settings: every bad variable at once, in words that name it, and exit code 2."""

import os
import subprocess
import sys

import pytest
from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from meshdoctor.settings import EXIT_USAGE, SettingsError, load_settings, settings_or_exit
from meshdoctor.telemetry import TelemetrySettings


class ShopSettings(TelemetrySettings):
    """Settings of a made-up service."""

    model_config = SettingsConfigDict(env_prefix="SHOP_")

    port: int = Field(default=80, ge=1)
    name: str = Field(default="shop", max_length=5)


class PairSettings(BaseSettings):
    """Settings that are wrong only together."""

    model_config = SettingsConfigDict(env_prefix="PAIR_")

    low: int = 1
    high: int = 2

    @model_validator(mode="after")
    def _ordered(self) -> "PairSettings":
        if self.low > self.high:
            raise ValueError("PAIR_LOW must not be above PAIR_HIGH")
        return self


def test_the_defaults_need_no_environment() -> None:
    """Without any variable the service starts, tracing a tenth and exporting nothing."""
    settings = load_settings(ShopSettings)

    assert (80, 0.1, "", True, False) == (
        settings.port,
        settings.ratio,
        settings.otlp_endpoint,
        settings.metrics,
        settings.is_off,
    )


def test_every_bad_variable_is_named_with_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence per variable, by its full name, be it with the prefix or a name of its own."""
    bad = {
        "SHOP_PORT": "http",
        "SHOP_NAME": "much too long a name",
        "OTEL_TRACES_SAMPLER_ARG": "nan",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317",
        "OTEL_RESOURCE_ATTRIBUTES": "no equals sign",
        "OTEL_SDK_DISABLED": "perhaps",
        "MESHDOCTOR_METRICS": "2",
        "MESHDOCTOR_SLOW_SECONDS": "-1",
        "MESHDOCTOR_LOG_LEVEL": "loud",
    }
    for name, value in bad.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(ShopSettings)

    told = {line.partition(":")[0]: line for line in caught.value.lines}
    assert bad.keys() == told.keys()
    for name, value in bad.items():
        assert f"found {value!r}" in told[name]


def test_a_long_value_is_cut_and_a_line_break_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is shown as one short piece of one line."""
    monkeypatch.setenv("SHOP_NAME", "x\n\x1b" * 100)
    with pytest.raises(SettingsError) as caught:
        load_settings(ShopSettings)
    (line,) = caught.value.lines

    assert line.isprintable()
    assert line.endswith("...")
    assert 150 > len(line)


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry asks for it, and manifests are full of them."""
    for name in ("OTEL_TRACES_SAMPLER_ARG", "OTEL_SDK_DISABLED", "MESHDOCTOR_LOG_LEVEL"):
        monkeypatch.setenv(name, "")

    settings = load_settings(ShopSettings)

    assert (0.1, "info") == (settings.ratio, settings.log_level)


def test_settings_that_do_not_go_together_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule over several variables is told as a sentence, too."""
    monkeypatch.setenv("PAIR_LOW", "9")
    with pytest.raises(SettingsError, match="PAIR_LOW must not be above PAIR_HIGH"):
        load_settings(PairSettings)


def test_resource_attributes_are_a_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs are trimmed and percent-decoded, as OTEL_RESOURCE_ATTRIBUTES is defined."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "a.b = c%2Cd,k8s.pod.name=shop-1,empty=")

    expected = {"a.b": "c,d", "k8s.pod.name": "shop-1", "empty": ""}
    assert expected == load_settings(TelemetrySettings).resource


@pytest.mark.parametrize("variable", ["OTEL_SDK_DISABLED=true", "MESHDOCTOR_TRACES=false"])
def test_traces_have_two_switches(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry's word and the project's own both stop sampling at the edge."""
    monkeypatch.setenv(*variable.split("=", 1))
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "1")

    assert 0.0 == load_settings(TelemetrySettings).ratio


def test_bad_settings_end_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and the sentences on stderr, nothing else."""
    monkeypatch.setenv("SHOP_PORT", "0")
    with pytest.raises(SystemExit) as caught:
        settings_or_exit(ShopSettings)

    out, err = capsys.readouterr()
    assert EXIT_USAGE == caught.value.code
    assert "" == out
    assert "These settings cannot be used:\n  SHOP_PORT: " in err


@pytest.mark.integration
@pytest.mark.parametrize("service", ["marketplace", "recommendations"])
def test_a_service_refuses_to_start_with_bad_settings(service: str) -> None:
    """The real program lists all its bad variables and ends with 2, without a traceback."""
    bad = {f"{service.upper()}_PORT": "x", "OTEL_TRACES_SAMPLER_ARG": "2"}
    done = subprocess.run(
        [sys.executable, "-m", service],
        env={**os.environ, **bad},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert (EXIT_USAGE, "") == (done.returncode, done.stdout)
    assert "Traceback" not in done.stderr
    assert [] == [name for name in bad if f"  {name}: " not in done.stderr]
