"""Links are derived: nobody types an address, and no two families share one."""

import pytest
import yaml

from meshdoctor.faults import FAULTS
from observability import files, links
from observability.rules import ALERTS


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("DnsLookupSlow", "dnslookupslow"),
        ("network-one-way", "network-one-way"),
        ("What a page means", "what-a-page-means"),
        ("Who, when & why?", "who-when--why"),
        ("rpc_method", "rpc_method"),
    ],
)
def test_an_anchor_is_githubs(heading: str, expected: str) -> None:
    """Lower case, punctuation gone, each space a hyphen: so GitHub makes a heading's id."""
    assert expected == links.anchor(heading)


def test_headings_have_anchors_of_their_own() -> None:
    """GitHub appends -1 to a second heading of the same id, and links would miss it."""
    headings = {*FAULTS, *(alert.family for alert in ALERTS)}

    assert len(headings) == len({links.anchor(heading) for heading in headings})


def test_every_alert_carries_its_links() -> None:
    """In the generated file, where people meet them."""
    document = yaml.safe_load(files.files()["prometheus/rules.yaml"])
    rules = [rule for group in document["groups"] for rule in group["rules"] if "alert" in rule]

    assert [(links.runbook(it.family), links.dashboard(it.dashboard)) for it in ALERTS] == [
        (it["annotations"]["runbook_url"], it["annotations"]["dashboard_url"]) for it in rules
    ]
