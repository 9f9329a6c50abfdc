"""What is of now, and what is of before: fresh failures, counters that remember, young agents."""

from dataclasses import replace
from datetime import UTC, datetime

from meshdoctor.doctor.judge import judge
from meshdoctor.doctor.model import State
from meshdoctor.probes.mesh.evidence import Answer, MeshEvidence, Sighting
from tests.support import mesh_faults as worlds
from tests.support.mesh_evidence import CLUSTER, NOW, Moment, evidence
from tests.support.mesh_faults import WORLDS
from tests.support.verdicts import codes, doubts

OK, SILENT = Answer.OK, Answer.SILENT


def test_counters_that_remember_a_healed_fault_name_nothing() -> None:
    """What the edges say since outweighs what was counted before; it is not called health yet."""
    for code in ("network-nodes-blocked", "dns-timeout", "app-hung", "routing-clusterip-gone"):
        verdict = judge(evidence(moment=Moment(NOW, NOW - 6.0, before=WORLDS[code]())))

        assert (State.UNKNOWN, []) == (verdict.state, codes(verdict))
        assert "ask again in a few seconds" in doubts(verdict)


def test_a_backend_that_has_begun_elsewhere_is_down_and_one_that_begins_is_not() -> None:
    """Its metrics page tells, if its port refused calls in a later round than it was read in."""
    found = evidence(worlds.app_down())
    moment = datetime.fromtimestamp(NOW - 8.0, UTC).isoformat()
    cluster = found.cluster or CLUSTER
    pods = tuple(
        replace(pod, containers=tuple(replace(one, since=moment) for one in pod.containers))
        for pod in cluster.pods
    )
    young = replace(cluster, pods=pods)

    def told(seconds: float, words: str, begun: float = 0.0) -> list[str]:
        reports = tuple(
            replace(
                one,
                report=replace(
                    one.report,
                    at=one.report.at - (seconds if one.report.callers else 0.0),
                    callers=tuple(
                        replace(each, words=words, begun=begun) for each in one.report.callers
                    ),
                ),
            )
            for one in found.reports
        )
        return codes(judge(MeshEvidence(young, reports)))

    assert [] == told(3.0, "it refuses")
    assert [] == told(0.0, "")
    assert ["app-down"] == told(3.0, "")
    assert ["app-down"] == told(0.0, "", NOW - 5.0)
    assert [] == told(0.0, "", NOW - 20.0)  # the page of the process before


def test_pods_of_one_service_lose_lookups_together() -> None:
    """Each looks up rarely: two lost in each of two are enough, two in one are not."""
    (one, *_others) = (each.report.node for each in evidence().reports if each.report.callers)

    assert ["network-policy-dns"] == codes(judge(evidence(worlds.policy_dns(3, (one,)))))
    assert ["network-policy-dns"] == codes(judge(evidence(worlds.policy_dns(2))))
    assert [] == codes(judge(evidence(worlds.policy_dns(2, (one,)))))
    assert [] == codes(judge(evidence(worlds.policy_dns(1))))


def test_a_young_agent_is_believed_from_the_first_answers_on() -> None:
    """It needs a round or two to learn whom to ask; what it has asked since was answered."""
    found = evidence(worlds.policy_dns())

    def young(*answers: Answer) -> MeshEvidence:
        def seen(one: Sighting) -> Sighting:
            return replace(one, since=NOW - 8.0, answers=answers)

        reports = tuple(
            replace(
                one,
                report=replace(
                    one.report, round=6, sightings=tuple(map(seen, one.report.sightings))
                ),
            )
            for one in found.reports
        )
        return MeshEvidence(found.cluster, reports)

    assert ["network-policy-dns"] == codes(judge(young(OK, OK, OK, OK)))
    assert ["network-policy-dns"] == codes(judge(young(Answer.NXDOMAIN, Answer.NXDOMAIN, OK, OK)))
    assert [] == codes(judge(young(OK, OK, OK)))
    assert [] == codes(judge(young(SILENT, OK, OK, OK)))


def test_a_name_server_that_is_restarted_is_not_called_one_that_refuses() -> None:
    """It says no for a moment: who says so in two rounds refuses."""
    once, twice = Moment(NOW, NOW - 3.0), Moment(NOW, NOW - 7.0)

    assert [] == codes(judge(evidence(WORLDS["dns-refused"](), once)))
    assert ["dns-refused"] == codes(judge(evidence(WORLDS["dns-refused"](), twice)))


def test_late_answers_are_told_by_the_handlers_or_by_the_edges() -> None:
    """Where handlers do not count, all backends must have answered all along.

    One that refused calls a moment ago let nobody wait; one that hung did.
    """
    uncounted = worlds.counted("app-slow", "app-deadline")
    down, hung = (
        Moment(NOW, NOW - 8.0, before=before) for before in (worlds.app_down(), worlds.app_hung())
    )

    assert ["app-slow"] == codes(judge(evidence(uncounted)))
    assert ["app-slow"] == codes(judge(evidence(uncounted, down)))
    assert [] == codes(judge(evidence(uncounted, hung)))
    assert ["app-slow"] == codes(judge(evidence(WORLDS["app-slow"](), hung)))
