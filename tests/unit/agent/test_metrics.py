"""Metrics: the last report, in the catalogue's names, and nothing of an earlier one."""

from prometheus_client import CollectorRegistry, generate_latest

from meshdoctor.agent.metrics import LastReport
from meshdoctor.probes.mesh.evidence import (
    Answer,
    Ask,
    Certificate,
    Edge,
    Ground,
    Report,
    Role,
    Sighting,
)
from meshdoctor.telemetry.catalogue import AGENT


def seen(
    role: Role,
    ground: Ground,
    ask: Ask,
    answer: Answer = Answer.OK,
    *,
    node: str = "n2",
    port: int = 9967,
) -> Sighting:
    """Give a sighting of something on a node; it took as many milliseconds as its port says."""
    edge = Edge(role, ground, ask, f"{role}-of-{node}", node, f"10.0.0.2:{port}")
    return Sighting(edge, answer, port / 1000)


def page(*reports: Report) -> dict[str, float]:
    """Give what the page shows after these reports, samples by name and labels."""
    last, registry = LastReport(), CollectorRegistry(auto_describe=False)
    registry.register(last)
    for report in reports:
        last.report = report
    lines = generate_latest(registry).decode().splitlines()
    samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


def success(*sightings: Sighting) -> list[float]:
    """Give the values of the samples that say whether something was reached."""
    found = page(Report("n1", 0.0, sightings=sightings))
    return [value for name, value in found.items() if "_success" in name]


def test_the_way_between_nodes_has_a_gauge_of_its_own() -> None:
    """From agent to agent by how it was asked; the nodes' own ports together, the worse one."""
    found = page(
        Report(
            "n1",
            0.0,
            sightings=(
                seen(Role.AGENT, Ground.OTHER_NODE, Ask.LARGE, Answer.SILENT),
                seen(Role.NODE, Ground.NODE_TO_NODE, Ask.TCP, port=10250),
                seen(Role.NODE, Ground.NODE_TO_NODE, Ask.TCP, Answer.SILENT, port=10256),
            ),
        )
    )

    assert {
        'node_probe_success{probe="large",source_node="n1",target_node="n2"}': 0.0,
        'node_probe_duration_seconds{probe="large",source_node="n1",target_node="n2"}': 9.967,
        'node_probe_success{probe="node",source_node="n1",target_node="n2"}': 0.0,
        'node_probe_duration_seconds{probe="node",source_node="n1",target_node="n2"}': 10.256,
    } == found


def test_all_else_is_told_by_role_ground_and_target() -> None:
    """A silent name server is no silent node."""
    found = page(
        Report(
            "n1",
            0.0,
            sightings=(
                seen(Role.DNS, Ground.OTHER_NODE, Ask.DNS_UDP, Answer.SILENT),
                seen(Role.AGENT, Ground.CLUSTER_IP, Ask.TCP),
            ),
        )
    )

    assert {
        'edge_probe_success{ground="other-node",probe="dns-udp",role="dns",source_node="n1",'
        'target="dns-of-n2"}': 0.0,
        'edge_probe_success{ground="cluster-ip",probe="tcp",role="agent",source_node="n1",'
        'target="agent-of-n2"}': 1.0,
    } == found


def test_between_nodes_only_silence_is_bad() -> None:
    """Who refuses was reached; an agent that hangs is no broken way either."""
    came = (Answer.OK, Answer.REFUSED, Answer.NOT_SERVING, Answer.ODD)

    for answers, expected in ((came, 1.0), ((Answer.SILENT, Answer.LOST), 0.0)):
        for answer in answers:
            assert [expected] == success(seen(Role.AGENT, Ground.OTHER_NODE, Ask.TCP, answer))


def test_elsewhere_a_server_that_is_well_is_good() -> None:
    """A late answer is one, and so is a word that there is no such name."""
    well = {Answer.OK, Answer.SLOW, Answer.NXDOMAIN, Answer.NO_ADDRESS}

    assert {answer: [float(answer in well)] for answer in Answer} == {
        answer: success(seen(Role.DNS, Ground.SAME_NODE, Ask.DNS_UDP, answer)) for answer in Answer
    }


def test_certificates_are_told_by_address() -> None:
    """From when to when they hold."""
    certificate = Certificate("books-1", "192.168.1.5:50051", 1000.0, 2000.0)

    assert {
        'tls_certificate_not_before_timestamp_seconds{server_address="192.168.1.5:50051"}': 1000.0,
        'tls_certificate_not_after_timestamp_seconds{server_address="192.168.1.5:50051"}': 2000.0,
    } == page(Report("n1", 0.0, certificates=(certificate,)))


def test_what_is_tried_no_longer_is_shown_no_longer() -> None:
    """A Pod that went must not be told as silent, or as well, for ever."""
    gone = Report("n1", 0.0, sightings=(seen(Role.AGENT, Ground.OTHER_NODE, Ask.TCP),))

    assert {} == page(gone, Report("n1", 5.0))


def test_every_metric_of_the_agent_is_shown() -> None:
    """The catalogue promises no more than the page has."""
    certificate = Certificate("books-1", "192.168.1.5:50051", 1000.0, 2000.0)
    sightings = (
        seen(Role.AGENT, Ground.OTHER_NODE, Ask.TCP),
        seen(Role.API, Ground.CLUSTER_IP, Ask.TCP),
    )
    found = page(Report("n1", 0.0, sightings=sightings, certificates=(certificate,)))

    assert {metric.name for metric in AGENT} == {name.partition("{")[0] for name in found}
