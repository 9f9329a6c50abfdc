"""One fault, one page: the generated routes in a real Alertmanager, which is told what fires."""

import json
import time
import urllib.request
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from meshdoctor.lab.crew import Crew
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.prometheus import alertmanager
from observability import routes
from observability.model import Alert, Rank, Severity
from observability.rules import ALERTS
from tests.support.lab import eventually, free_port
from tests.support.programs import program

pytestmark = pytest.mark.integration

Labels = dict[str, str]
SECONDS = 10.0
SETTLED = 0.1
HERE = {"namespace": "shop", "job": "marketplace"}
ELSEWHERE = {"namespace": "other", "job": "marketplace"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an Alertmanager with our routes answers; it can send to nobody."""
    folder = tmp_path_factory.mktemp("alertmanager")
    config = {**routes.config(), "receivers": nobody()}
    at = f"127.0.0.1:{free_port()}"
    with Crew.at_work(folder / "logs", Interruption()) as crew:
        (process,) = crew.start(alertmanager(program("alertmanager"), folder, at, config))
        process.wait_ready()
        yield at


def nobody() -> list[Labels]:
    """The same receivers without addresses."""
    return [{"name": receiver["name"]} for receiver in routes.config()["receivers"]]


def page(name: str, **more: str) -> Labels:
    """The labels of a page as Prometheus sends them; `more` is what its series says."""
    found = (it for it in ALERTS if it.name == name and it.severity is not Severity.TICKET)
    return labels(next(found), **more)


def labels(alert: Alert, **more: str) -> Labels:
    """The labels of an alert as Prometheus sends them."""
    fixed = {"alertname": alert.name, "severity": str(alert.severity), "rank": str(alert.rank)}
    return {**more, **fixed, **alert.labels}


NETWORK = page("NodeToNodeUnreachable")
ADDRESSES = page("ServiceAddressSilent")
SERVERS = page("DnsServerUnanswered")
DNS = page("DnsFailureRatioHigh", cause="dns-timeout", **HERE)
NO_NAME = page("ServiceWithoutAddress", cause="dns-nxdomain", **HERE)
PULL = page("ImagePullFailing", namespace="shop", container="recommendations")
CALLS = page("RecommendationsUnavailableRate", cause="connect-refused", **HERE)
LATE = page("RecommendationsUnavailableRate", cause="app-deadline", **HERE)
SHEDDING = page("GrpcLoadShedding", cause="app-overloaded", **HERE)
ABSENT = page("ServiceAbsent", namespace="shop", job="recommendations")
DOWN = page("TargetScrapeDown", namespace="shop", job="recommendations")
BURN = page("MarketplaceFreshnessBudgetBurnFast", namespace="shop")
SLOW_BURN = page("MarketplaceFreshnessBudgetBurnHigh", namespace="shop")
CALLS_THERE = page("RecommendationsUnavailableRate", cause="connect-refused", **ELSEWHERE)
OTHER_BURN = page("RecommendationsLatencyBudgetBurnHigh", namespace="shop")
BURN_THERE = page("MarketplaceFreshnessBudgetBurnFast", namespace="other")
HANDSHAKE = page("RecommendationsUnavailableRate", cause="tls-handshake", **HERE)
EXPIRED = page("TlsCertExpired", namespace="shop")
EXPIRES = page("TlsCertExpiryCritical", server_address="recommendations:50051")
RECENT_HERE = {**page("CauseRecent", namespace="shop"), "window": "5m", "reach": "namespace"}
RECENT_FAR = {**page("CauseRecent"), "window": "5m", "reach": "everywhere"}


@pytest.mark.parametrize(
    ("firing", "heard"),
    [
        ([NETWORK, DNS, PULL, NO_NAME, CALLS, ABSENT, DOWN, BURN], [NETWORK]),
        ([ADDRESSES, DNS, CALLS, BURN], [ADDRESSES]),
        ([DNS, PULL, NO_NAME, CALLS, ABSENT, DOWN, BURN], [DNS]),
        ([EXPIRED, HANDSHAKE, BURN], [EXPIRED]),
        ([PULL, NO_NAME, CALLS, ABSENT, DOWN, BURN, SLOW_BURN], [PULL]),
        ([NO_NAME, CALLS, ABSENT, DOWN, BURN, SLOW_BURN], [NO_NAME]),
        ([CALLS, ABSENT, DOWN, BURN, SLOW_BURN], [CALLS]),
        ([ABSENT, DOWN, BURN], [ABSENT]),
        ([BURN, SLOW_BURN], [BURN]),
    ],
    ids=[
        *("network", "addresses", "dns", "a certificate"),
        *("cluster", "routing", "rpc", "absence", "burn"),
    ],
)
def test_one_fault_is_one_page(address: str, firing: list[Labels], heard: list[Labels]) -> None:
    """Of all that one fault makes fire, the alert nearest to the root is heard."""
    assert_heard(address, firing, heard)


@pytest.mark.parametrize(
    ("firing", "heard"),
    [
        ([CALLS, CALLS_THERE, BURN_THERE], [CALLS, CALLS_THERE]),
        ([CALLS, BURN_THERE], [CALLS, BURN_THERE]),
        ([DNS, CALLS_THERE], [DNS]),
        ([NO_NAME, CALLS, CALLS_THERE], [NO_NAME, CALLS_THERE]),
        ([NETWORK, CALLS_THERE, BURN_THERE], [NETWORK]),
    ],
    ids=["a page of calls", "a page of calls and a burn", "dns", "a name", "network"],
)
def test_a_namespace_is_silenced_by_its_own_faults_and_the_clusters(
    address: str, firing: list[Labels], heard: list[Labels]
) -> None:
    """Network and DNS servers are everybody's; a wrong name or a dead backend is somebody's."""
    assert_heard(address, firing, heard)


@pytest.mark.parametrize(
    ("firing", "heard"),
    [
        ([RECENT_HERE, BURN], [RECENT_HERE]),
        ([RECENT_HERE, SLOW_BURN], [RECENT_HERE, SLOW_BURN]),
        ([RECENT_HERE, BURN_THERE], [RECENT_HERE, BURN_THERE]),
        ([RECENT_FAR, BURN, BURN_THERE], [RECENT_FAR]),
        ([RECENT_FAR, RECENT_HERE, CALLS], [RECENT_FAR, RECENT_HERE, CALLS]),
    ],
    ids=["its window", "a longer window", "elsewhere", "far-reaching", "no burn"],
)
def test_a_burn_is_silent_while_its_windows_remember_a_page(
    address: str, firing: list[Labels], heard: list[Labels]
) -> None:
    """`CauseRecent` silences burns of its window, and nothing else."""
    assert_heard(address, firing, heard)


@pytest.mark.parametrize(
    ("firing", "heard"),
    [
        ([SHEDDING, LATE], [SHEDDING]),
        ([SHEDDING, CALLS], [SHEDDING, CALLS]),
        ([EXPIRES, CALLS, BURN], [EXPIRES, CALLS]),
        ([BURN, SLOW_BURN, OTHER_BURN], [BURN, OTHER_BURN]),
        ([SERVERS, DNS], [SERVERS]),
        ([SERVERS, DNS, NETWORK], [NETWORK]),
        ([DOWN, ABSENT], [ABSENT]),
        ([{**DOWN, "job": "coredns"}, ABSENT], [{**DOWN, "job": "coredns"}, ABSENT]),
    ],
    ids=[
        "late and shedding",
        "refused and shedding",
        "a warning",
        "two budgets",
        "a server and lookups",
        "a server on a node that is cut off",
        "one job",
        "another job",
    ],
)
def test_pages_of_one_rank_silence_only_what_they_explain(
    address: str, firing: list[Labels], heard: list[Labels]
) -> None:
    """A backend that gets too much is late, too; a warning explains nothing."""
    assert_heard(address, firing, heard)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda it: f"{it.name}-{it.severity}")
def test_every_alert_is_heard_when_it_is_alone(address: str, alert: Alert) -> None:
    """No alert silences itself, whatever its rank."""
    assert_heard(address, [labels(alert, **HERE)], [labels(alert, **HERE)])


def test_every_page_below_a_network_page_is_silent(address: str) -> None:
    """The story's fault: every alert there is fires, and one page arrives, with its warnings."""
    pages = [labels(it, **HERE) for it in ALERTS if it.severity is Severity.PAGE]

    heard = [it for it in pages if it["rank"] in {Rank.NETWORK, Rank.WATCH}]

    assert {"NodeToNodeUnreachable", "ServiceAddressSilent", "TlsCertExpiryCritical"} == {
        it["alertname"] for it in heard
    }
    assert_heard(address, pages, heard)


def assert_heard(address: str, firing: list[Labels], heard: list[Labels]) -> None:
    """Of alerts that fire, exactly these are not inhibited; afterwards none fires."""
    expected = names(heard)
    tell(address, firing, timedelta(hours=1))
    try:
        eventually(lambda: names(ask(address)) == expected, SECONDS)
        time.sleep(SETTLED)  # or a list that is right by accident would do
        assert expected == names(ask(address))
    finally:
        tell(address, firing, timedelta(0))
        assert eventually(lambda: ask(address) == [], SECONDS)


def tell(address: str, firing: Iterable[Labels], still: timedelta) -> None:
    """Say that alerts fire and will for a while; none: that they have ended."""
    now = datetime.now(UTC)
    times = {"startsAt": (now - timedelta(minutes=1)).isoformat()}
    alerts = [{"labels": it, **times, "endsAt": (now + still).isoformat()} for it in firing]
    request = urllib.request.Request(
        f"http://{address}/api/v2/alerts",
        json.dumps(alerts).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=SECONDS).close()  # noqa: S310 - our own server


def ask(address: str) -> list[Labels]:
    """Return the labels of the alerts that fire and are not inhibited."""
    url = f"http://{address}/api/v2/alerts?inhibited=false"
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        return [alert["labels"] for alert in json.load(answer)]


def names(alerts: Iterable[Labels]) -> list[str]:
    """Write alerts in an order of their own, so that two lists compare."""
    return sorted(json.dumps(it, sort_keys=True) for it in alerts)
