"""The alerts as data: each complete, each fault told, each word from the vocabulary."""

import re
from collections import Counter

import pytest

from meshdoctor.faults import CAUSES, FAULTS, Layer
from observability import burn, causes, knobs, troubles, watch
from observability.model import Alert, Rank, Severity
from observability.rules import ALERTS, GROUPS, NOT_PAGED

by_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda it: f"{it.name}-{it.severity}")
NO_LAYER = {burn.LAYER, "watch"}
TEMPLATE = re.compile(r"{{.*?}}")
STANDING = {"CauseRecent"}  # the same alert for several windows

EXPECTED = {
    *("NodeToNodeUnreachable", "NodeProbeAbsent", "ServiceAddressSilent", "DnsServerUnanswered"),
    *("DnsFailureRatioHigh", "ServiceWithoutAddress", "DnsLookupSlow"),
    *("RecommendationsUnavailableRate", "RecommendationsErrorRate", "GrpcDeadlineRatioHigh"),
    *("GrpcLoadShedding", "RetryBudgetExhausted", "ServiceAbsent", "TargetScrapeDown"),
    *("ImagePullFailing", "PodCrashLooping", "PodOOMKilled"),
    *("TlsCertExpired", "TlsCertExpiryCritical", "TlsCertExpirySoon"),
    *("TelemetryDropped", "MetricCardinalityHigh", "CauseRecent", "Watchdog"),
}


def test_the_alerts_that_were_asked_for_exist() -> None:
    """Whoever takes one away changes this list on purpose."""
    burns = {alert.name for alert in burn.alerts()}

    assert EXPECTED | burns == {alert.name for alert in ALERTS}


def test_alerts_are_told_apart_by_their_labels() -> None:
    """Two rules may share a name, never all fixed labels: one would hide the other."""
    fixed = Counter(
        (it.name, it.severity, it.layer, it.rank, *sorted(it.labels.items())) for it in ALERTS
    )

    assert [] == [labels for labels, times in fixed.items() if times > 1]


@by_alert
def test_an_alert_is_complete(alert: Alert) -> None:
    """CamelCase, a layer that exists, one line of summary, and a value in the description."""
    assert re.fullmatch(r"([A-Z][A-Za-z]+)+", alert.name)
    assert alert.name.startswith(alert.family)
    assert alert.layer in {*Layer, *NO_LAYER} or TEMPLATE.search(alert.layer)
    assert 0 < len(TEMPLATE.sub("", alert.summary)) <= 80
    assert "\n" not in alert.summary + alert.description
    assert "$value" in alert.description
    assert re.search(r"\.({{ end }})*$", alert.description)
    assert not alert.summary.endswith(".")


@by_alert
def test_an_alert_that_waits_waits_for_minutes_or_seconds(alert: Alert) -> None:
    """Where persistence is counted there is no `for`, but to let what explains it go first."""
    counted = ":seen[" in alert.expression

    assert re.fullmatch(r"(\d+[smh])?", alert.hold)
    assert not counted or alert.hold in {
        "",
        knobs.AFTER_NETWORK,
        knobs.AFTER_DNS,
        knobs.AFTER_CALLS,
    }


@by_alert
def test_no_fixed_label_hides_a_label_of_the_series(alert: Alert) -> None:
    """A fixed label wins over the series' own: `cause`, `job` and `namespace` stay the series'."""
    hidden = {"namespace", "job", "cause", "instance", "server_address", "source_node"}

    assert set() == hidden & alert.labels.keys()


def test_alerts_tell_faults_of_the_vocabulary() -> None:
    """No dialect: every code that an alert claims is a fault."""
    claimed = {code for alert in ALERTS for code in alert.faults} | NOT_PAGED.keys()

    assert set() == claimed - FAULTS.keys()


def test_every_cause_is_counted_by_an_alert_or_is_nobodys_fault() -> None:
    """What the caller did wrong, or took back, pages nobody; every other cause is in one ratio."""
    ratios = [causes.UNAVAILABLE, causes.ERRORS, causes.SHEDDING]

    counted = {code: [it.name for it in ratios if matches(it.bad, code)] for code in CAUSES}

    assert {"caller-error", "cancelled"} == {code for code in counted if not counted[code]}
    assert [] == [code for code, names in counted.items() if len(names) > 1]
    assert not matches(causes.UNAVAILABLE.named, "breaker-open")


@pytest.mark.parametrize(
    ("cause", "told_by"),
    [
        ("", []),
        ("dns-timeout", ["failed_lookups"]),
        ("dns-nxdomain", ["empty_lookups"]),
        ("dns-no-address", ["empty_lookups"]),
    ],
)
def test_a_lookup_is_good_or_failed_in_one_way(cause: str, told_by: list[str]) -> None:
    """`error_type` is empty on success; a name without address is no trouble of the DNS server."""
    troubles_of_dns = (causes.LOOKUPS, causes.NO_ADDRESS)

    assert told_by == [it.name for it in troubles_of_dns if matches(it.bad, cause, "error_type")]


def matches(selector: str, value: str, label: str = "cause") -> bool:
    """Whether a selector takes a series with this label, as Prometheus matches it: anchored."""
    found = re.search(rf'{label}(=~|!~|=)"([^"]*)"', selector)
    assert found
    same = bool(re.fullmatch(found[2], value)) if "~" in found[1] else found[2] == value
    return same != found[1].startswith("!")


def test_pages_are_the_ranks_that_explain_each_other() -> None:
    """Only what warns or watches stands outside the order in which pages silence pages."""
    outside = {it.name for it in ALERTS if it.rank is Rank.WATCH and it.severity is Severity.PAGE}

    assert {"TlsCertExpiryCritical"} == outside


def test_causes_are_judged_in_one_group() -> None:
    """What explains and what is explained is judged at one instant, DNS before the calls."""
    (group,) = (group for group in GROUPS if group.name == "mesh-causes")
    ranks = [rule.rank for rule in group.rules if isinstance(rule, Alert)]
    pages = [it for it in ALERTS if it.severity is Severity.PAGE and it.rank is not Rank.BURN]

    assert knobs.EVALUATE_SECONDS == group.seconds
    assert ranks.index(Rank.NETWORK) < ranks.index(Rank.DNS) < ranks.index(Rank.RPC)
    assert {"TlsCertExpiryCritical"} == {it.name for it in pages if it not in group.rules}


def test_a_cause_is_remembered_for_each_window_that_pages() -> None:
    """Every burn page has the `CauseRecent` that silences it: one near, one far-reaching."""
    windows = {it.labels["window"] for it in burn.alerts() if it.severity is Severity.PAGE}
    remembered = {(it.labels["window"], it.labels["reach"]) for it in watch.recent()}

    reaches = (watch.EVERYWHERE, watch.WITHIN)
    assert {(window, reach) for window in windows for reach in reaches} == remembered


def test_persistence_outlasts_a_blip() -> None:
    """A blip of 20 s is in sight for at most 20 s and the length of a look: not often enough."""
    blip, persistence = 20, knobs.PERSISTENCE
    evaluations = (blip + persistence.look) / knobs.EVALUATE_SECONDS

    assert evaluations < persistence.seen + 1
    assert persistence.seen * knobs.EVALUATE_SECONDS <= persistence.window
    assert f">= {persistence.seen}" in troubles.persists("x")
