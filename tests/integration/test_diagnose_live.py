"""`meshdoctor diagnose` as people run it against a Kubernetes API."""

from pathlib import Path

import pytest

from tests.support.captures import CAPTURES, STATES
from tests.support.diagnosed import SECONDS, captured, diagnose
from tests.support.mesh_reports import all_well, blocked_between_nodes, reports

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.mark.parametrize("state", STATES)
def test_the_api_gives_the_faults_that_its_objects_as_files_give(
    state: str, tmp_path: Path
) -> None:
    """Asked live or read from what kubectl printed, one state of a cluster is one verdict."""
    with captured(state, tmp_path) as cluster:
        asked = diagnose(*cluster, "--no-images", "-o", "json", home=tmp_path)
    read = diagnose("--from", str(CAPTURES / state), "-o", "json", home=tmp_path)

    assert sorted(read.faults) == sorted(asked.faults)
    assert asked.seconds < SECONDS


def test_agents_of_a_blocked_network_name_it_and_those_of_a_sound_one_do_not(
    tmp_path: Path,
) -> None:
    """The objects are the same: what the agents saw decides."""
    with captured("healthy", tmp_path, *reports("healthy", blocked_between_nodes)) as cluster:
        blocked = diagnose(*cluster, "-o", "json", home=tmp_path)
    with captured("healthy", tmp_path, *reports("healthy", all_well)) as cluster:
        sound = diagnose(*cluster, "-o", "json", home=tmp_path)

    assert (1, ["network-nodes-blocked"]) == (blocked.code, blocked.faults)
    assert (0, [], "healthy") == (sound.code, sound.faults, sound.verdict["state"])
    assert max(blocked.seconds, sound.seconds) < SECONDS


@pytest.mark.parametrize("state", ["healthy", "network-blocked"])
def test_without_agents_nobody_says_that_packets_pass(state: str, tmp_path: Path) -> None:
    """Healthy or blocked, the objects are alike: it says what is not known, and how to know it."""
    with captured(state, tmp_path) as cluster:
        said = diagnose(*cluster, "--no-images", "-o", "json", home=tmp_path)

    assert said.verdict["state"] != "healthy"
    assert [] == [one for one in said.faults if one.startswith("network-")]
    assert [] != [one for one in said.verdict["doubts"] if "k8s/agent" in one["missing"]]


@pytest.mark.parametrize("state", STATES)
def test_a_saved_bundle_replays_and_a_redacted_one_names_the_same_faults(
    state: str, tmp_path: Path
) -> None:
    """What was saved live is judged the same elsewhere; redacted, it says nothing of anybody."""
    whole, shared = tmp_path / "whole.json", tmp_path / "shared.json"
    with captured(state, tmp_path, *reports(state)) as cluster:
        words = (*cluster, "--no-images", "-o", "json")
        first = diagnose(*words, "--save", str(whole), home=tmp_path)
        diagnose(*words, "--save", str(shared), "--redact", home=tmp_path)
    again = diagnose("--from", str(whole), "-o", "json", home=tmp_path)
    elsewhere = diagnose("--from", str(shared), "-o", "json", home=tmp_path)

    assert (first.code, first.out) == (again.code, again.out)
    assert (first.code, first.faults) == (elsewhere.code, elsewhere.faults)
    told = ("rig-w1", "bookstore", "recommendations", "172.30.", "192.168.")
    assert [] == [name for name in told if name in shared.read_text("utf-8")]


def test_a_namespace_that_holds_nothing_is_a_doubt(tmp_path: Path) -> None:
    """A name that was mistyped is not called healthy."""
    with captured("healthy", tmp_path, *reports("healthy")) as cluster:
        said = diagnose(*cluster, "-n", "bookstor", "-o", "short", home=tmp_path)

    assert 2 == said.code
    assert "namespace bookstor holds no Pod, no Service and no Deployment" in said.out


def test_all_namespaces_are_judged_when_asked_for(tmp_path: Path) -> None:
    """`-A` sees the fault that `-n default` does not."""
    with captured("image-and-app-faults", tmp_path, *reports("healthy")) as cluster:
        elsewhere = diagnose(*cluster, "-n", "default", "-o", "json", home=tmp_path)
        everywhere = diagnose(*cluster, "-A", "--no-images", "-o", "json", home=tmp_path)

    assert ([], True) == (elsewhere.faults, "image-platform-missing" in everywhere.faults)
