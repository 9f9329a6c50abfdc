"""From rules to text: what `nft` and the name servers are told, without any network."""

from dataclasses import replace
from typing import Any

import pytest

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net import policies
from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.faults import network_faults
from meshdoctor.lab.net.groups import Inbound, table
from meshdoctor.lab.net.rules import without_policy, write
from meshdoctor.lab.net.seed import name_servers, seed
from meshdoctor.lab.net.selectors import selects
from meshdoctor.lab.net.topology import endpoints
from tests.support.manifests import RENDERED, ROOT

PLAN = seed(RENDERED / "kubeadm.yaml")
TOPOLOGY, RULES = PLAN.topology, PLAN.rules
SERVERS = tuple(pod.name for pod in name_servers(TOPOLOGY))
WORKER = TOPOLOGY.node("worker-1")
DNS = {"k8s-app": "kube-dns"}
LABELS = {"app": "web", "tier": "front"}


def ingress(rule: dict[str, Any]) -> str:
    """What the first Pod of the shop on a worker may hear under one ingress rule."""
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [rule]}
    policy = {"metadata": {"namespace": "bookstore"}, "spec": spec}
    text = policies.table(WORKER, [policy], TOPOLOGY)
    chain = text.partition("  chain ingress-")[2].partition("}\n")[0]
    return "; ".join(line.strip() for line in chain.splitlines()[1:] if line.strip())


def test_the_storys_group_is_the_public_rules_and_the_group_itself() -> None:
    """The self-referencing rule names every other node; what no rule lets in is dropped."""
    lines = [line.strip() for line in table(WORKER, RULES.groups["worker-1"], TOPOLOGY).split("\n")]
    assert [
        "ip saddr { 10.0.0.10, 10.0.0.12 } accept",
        "tcp dport 22 accept",
        "tcp dport 6443 accept",
        "tcp dport 30000-32767 accept",
        "counter drop",
    ] == [line.replace("ip protocol tcp ", "") for line in lines[6:11]]


def test_a_rule_of_the_group_may_name_protocol_ports_and_sources() -> None:
    """All three in one line."""
    text = table(WORKER, [Inbound("udp", (4789, 4789), ("worker-2",))], TOPOLOGY)
    assert "    ip saddr { 10.0.0.12 } ip protocol udp udp dport 4789 accept\n" in text


def test_nothing_of_the_rules_before_stays() -> None:
    """Every ruleset first takes away every table that any rules could have made."""
    faults = [each.broken(RULES, TOPOLOGY) for each in network_faults().values()]
    written = [write(rules, TOPOLOGY, SERVERS) for rules in (RULES, *faults)]
    for place in written[0].rulesets:
        texts = [each.rulesets[place] for each in written]
        made = {line.split()[2] for text in texts for line in text.splitlines() if is_table(line)}
        assert all(f"delete table ip {name}\n" in text for text in texts for name in made)


def is_table(line: str) -> bool:
    """Whether a table begins here."""
    return line.startswith("table ip ") and line.endswith("{")


@pytest.mark.parametrize("fault", network_faults().values(), ids=network_faults())
def test_a_fault_changes_something(fault: NetworkFault) -> None:
    """A fault whose text is that of the healthy network would be no fault."""
    healthy, broken = (
        write(rules, TOPOLOGY, SERVERS) for rules in (RULES, fault.broken(RULES, TOPOLOGY))
    )
    assert healthy != broken


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ({}, "return; counter drop"),
        ({"ports": [{"port": 80}]}, "tcp dport 80 return; counter drop"),
        (
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.9.0.0/16"]}}]},
            "ip saddr 10.0.0.0/8 ip saddr != { 10.9.0.0/16 } return; counter drop",
        ),
        ({"from": [{"podSelector": {"matchLabels": {"no": "body"}}}]}, "counter drop"),
        (
            {"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": DNS}}]},
            "ip saddr { 192.168.10.2, 192.168.11.2 } return; counter drop",
        ),
    ],
)
def test_a_policys_rule_becomes_these_lines(rule: dict[str, Any], line: str) -> None:
    """An empty rule lets everybody in; one whose peers are nobody lets nobody in."""
    assert line == ingress(rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"ports": [{"port": "http"}]},
        {"ports": [{"port": 80, "endPort": 90}]},
        {"from": [{"unheardOf": {}}]},
        {"from": [{"podSelector": {"matchExpressions": [{"key": "a", "operator": "Gt"}]}}]},
        {"from": [{"podSelector": {"matchFields": {}}}]},
    ],
)
def test_what_cannot_be_translated_is_refused(rule: dict[str, Any]) -> None:
    """A guess would make the lab say of a policy what a cluster would not."""
    with pytest.raises(LabError, match="the lab"):
        ingress(rule)


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ({"operator": "In", "values": ["web", "db"]}, True),
        ({"operator": "NotIn", "values": ["web"]}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "DoesNotExist"}, False),
    ],
)
def test_selectors_know_the_operators(expression: dict[str, Any], holds: bool) -> None:  # noqa: FBT001
    """As Kubernetes documents them, together with labels."""
    selector = {"matchLabels": {"tier": "front"}, "matchExpressions": [{"key": "app"} | expression]}
    assert holds == selects(selector, LABELS)
    assert not selects(selector, {"app": "web"})


def test_a_service_without_a_pod_is_rejected_and_not_sent_anywhere() -> None:
    """As kube-proxy does; its headless sister has no name."""
    broken = network_faults()["routing-no-endpoints"].broken(RULES, TOPOLOGY)
    written = write(broken, TOPOLOGY, SERVERS)
    assert "ip daddr 10.96.50.51 tcp dport 50051 reject" in written.rulesets["worker-1"]
    assert not [line for line in written.records if line.startswith("recommendations.bookstore.")]


def test_a_pod_without_the_named_port_is_no_endpoint() -> None:
    """As in EndpointSlices: the name is looked up in each Pod."""
    (service,) = (one for one in RULES.services if one.name == "recommendations-by-address")
    port = replace(service.ports[0], target="no-such-port")
    assert () == endpoints(service, port, TOPOLOGY)


def test_a_policy_that_is_not_there_cannot_be_taken_away() -> None:
    """A fault that breaks nothing must not look like one."""
    with pytest.raises(LabError, match="there is no NetworkPolicy nobody in bookstore"):
        without_policy(RULES, "bookstore", "nobody")


def test_the_documentation_lists_every_fault() -> None:
    """docs/lab.md says of each what is done and what dies, and of none that is not there."""
    text = (ROOT / "docs/lab.md").read_text("utf-8")
    _, _, section = text.partition("## Faults of the network")
    lines = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("| `")]
    assert set(network_faults()) == {line.split("`")[1] for line in lines}
