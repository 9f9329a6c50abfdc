"""Who hears of what, as amtool reads the routes; which page silences which is tried for real.

See tests/integration/test_alert_inhibition.py.
"""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from observability import files, routes
from observability.model import Alert, Rank, Severity
from observability.rules import ALERTS
from tests.support.programs import program

INHIBITIONS = routes.config()["inhibit_rules"]
MATCHER = re.compile(r'(\w+)(=~|!~|=)"(.*)"')
Rule = dict[str, list[str]]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated configuration in a file."""
    path = tmp_path_factory.mktemp("routes") / "alertmanager.yaml"
    path.write_text(files.files()["alertmanager/alertmanager.yaml"], "utf-8")
    return path


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("severity=page", "rank=rpc"), "page"),
        (("severity=page", "rank=burn"), "page"),
        (("severity=ticket", "rank=burn"), "ticket"),
        (("severity=none",), "nobody"),
        (("severity=critical",), "ticket"),
        ((), "ticket"),
    ],
)
def test_an_alert_reaches_who_its_severity_says(
    generated: Path, labels: tuple[str, ...], receiver: str
) -> None:
    """Strangers' severities become tickets: nothing is lost, and nobody is woken."""
    command = (
        str(program("amtool")),
        "config",
        "routes",
        "test",
        f"--config.file={generated}",
        *labels,
    )

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert receiver == done.stdout.strip()


@pytest.mark.parametrize("rule", INHIBITIONS, ids=lambda it: " ".join(it["source_matchers"]))
def test_an_inhibition_names_alerts_that_exist(rule: Rule) -> None:
    """A matcher that takes no alert is a spelling mistake."""
    for side in ("source", "target"):
        assert [] != [alert.name for alert in ALERTS if takes(rule, side, alert)], side


def takes(rule: Rule, side: str, alert: Alert) -> bool:
    """Whether one side of an inhibition can take an alert."""
    return all(fits(matcher, alert) for matcher in rule[f"{side}_matchers"])


def fits(matcher: str, alert: Alert) -> bool:
    """Whether an alert's fixed labels fit a matcher; what only its series decides can always."""
    found = MATCHER.fullmatch(matcher)
    assert found
    label, sign, pattern = found.groups()
    fixed = {"alertname": alert.name, "severity": alert.severity, "rank": alert.rank}
    value = {**fixed, **alert.labels}.get(label)
    if value is None:
        return label == "cause"
    same = pattern == value if sign == "=" else bool(re.fullmatch(pattern, value))
    return same != sign.startswith("!")


def test_the_order_holds_every_rank_that_pages() -> None:
    """A new rank is put into the order, or it would silence nobody."""
    paging = {alert.rank for alert in ALERTS if alert.severity is Severity.PAGE}

    assert set(routes.ORDER) == paging - {Rank.WATCH}


@pytest.mark.parametrize("rule", INHIBITIONS, ids=lambda it: " ".join(it["source_matchers"]))
def test_no_alert_silences_what_comes_before_it(rule: Rule) -> None:
    """Two alerts that silence each other would both be silent; so nothing points upwards."""
    order = (*routes.ORDER, Rank.WATCH)
    sources = [order.index(alert.rank) for alert in ALERTS if takes(rule, "source", alert)]
    targets = [order.index(alert.rank) for alert in ALERTS if takes(rule, "target", alert)]

    steers = {order.index(Rank.WATCH)}  # CauseRecent, which nothing silences
    assert set(sources) == steers or max(sources) <= min(targets)
    assert not any(takes(rule, "source", it) and takes(rule, "target", it) for it in ALERTS)


def test_receivers_are_the_ones_that_the_routes_name() -> None:
    """And burns are grouped by namespace alone: one fault spends several budgets."""
    config = routes.config()
    named = [config["route"]["receiver"], *(it["receiver"] for it in config["route"]["routes"])]

    assert {it["name"] for it in config["receivers"]} == set(named)
    assert ["namespace"] == config["route"]["routes"][0]["group_by"]
    assert ["alertname", "namespace", "cause"] == config["route"]["group_by"]


def test_the_file_holds_the_configuration(generated: Path) -> None:
    """What is written is what was meant."""
    assert routes.config() == yaml.safe_load(generated.read_text("utf-8"))
