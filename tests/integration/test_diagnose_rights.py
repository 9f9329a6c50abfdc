"""With what rights `meshdoctor diagnose` is content, and what it says with fewer."""

from pathlib import Path

import pytest
import yaml

from meshdoctor.lab.kubeapi import kube_api
from meshdoctor.probes.mesh.files import NAMESPACE
from tests.support.captures import CAPTURES
from tests.support.diagnosed import Said, captured_api, diagnose
from tests.support.guarded import TOKEN, guarded
from tests.support.kubeconfigs import kubeconfig
from tests.support.kubectl import Kubectl
from tests.support.manifests import ROOT, Overlay
from tests.support.mesh_reports import reports
from tests.support.rights import Right, rights

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

FOLDER = ROOT / "k8s/doctor"
DOCTORS = "meshdoctor:doctors"


def granted() -> set[Right]:
    """Give what the manifests grant to whoever runs the command."""
    names = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))["resources"]
    texts = [(FOLDER / name).read_text("utf-8") for name in names]
    objects = tuple(one for text in texts for one in yaml.safe_load_all(text))
    return rights(Overlay("doctor", objects), DOCTORS, "")


def run(state: str, allowed: set[Right], home: Path, *words: str) -> tuple[Said, set[Right]]:
    """Run it with some rights; gives what it said, and what it asked."""
    with captured_api(state, *reports(state)) as api, guarded(api.url, allowed) as guard:
        config = kubeconfig(home, guard.url, {"token": TOKEN})
        words = ("--kubeconfig", str(config), "--no-images", "-o", "json", *words)
        return diagnose(*words, home=home), guard.asked


def test_it_asks_for_exactly_what_the_manifests_grant(tmp_path: Path) -> None:
    """No right is missing and none is granted for nothing; all of them only read."""
    said, asked = run("image-and-app-faults", granted(), tmp_path)

    assert granted() == asked
    assert {"list", "get"} == {one.verb for one in asked}
    assert {"pods/log"} == {one.resource for one in asked if one.verb == "get"}
    assert (1, "") == (said.code, said.err)


def test_without_rights_in_the_cluster_its_namespaces_are_judged_all_the_same(
    tmp_path: Path,
) -> None:
    """Roles alone: faults of the namespace are named, and nodes are a gap, in the API's words."""
    allowed = {one for one in granted() if one.namespace}
    said, _asked = run("image-and-app-faults", allowed, tmp_path)

    assert "routing-no-endpoints" in said.faults
    assert [] != [one for one in said.verdict["doubts"] if one["missing"].startswith("nodes (")]


def test_all_namespaces_fall_back_to_those_that_may_be_seen(tmp_path: Path) -> None:
    """`-A` with rights in two namespaces judges these two, and says that it did."""
    whole, _ = run("image-and-app-faults", granted(), tmp_path)
    said, asked = run("image-and-app-faults", granted(), tmp_path, "-A")

    assert whole.faults == said.faults
    assert Right("", "pods", "list") in asked - granted()
    assert [] != [one for one in said.verdict["doubts"] if "could be seen" in one["sentence"]]


def test_cluster_dns_that_may_not_be_seen_is_not_called_dead(tmp_path: Path) -> None:
    """With half of kube-system refused nothing is said of it but that."""
    allowed = granted() - {Right("kube-system", "endpointslices", "list")}
    said, _asked = run("healthy", allowed, tmp_path)

    assert (2, []) == (said.code, said.faults)
    doubts = [one["sentence"] for one in said.verdict["doubts"]]
    assert [] != [one for one in doubts if one.startswith("cluster DNS was not looked at: ")]


def test_a_token_that_nobody_knows_is_one_doubt(tmp_path: Path) -> None:
    """401 of every list is said once, with the context whose credentials they were."""
    with captured_api("healthy") as api, guarded(api.url, granted()) as guard:
        config = kubeconfig(tmp_path, guard.url, {"token": "of-yesterday"})
        said = diagnose("--kubeconfig", str(config), "-o", "json", home=tmp_path)

    (doubt,) = said.verdict["doubts"]
    assert 2 == said.code
    assert (
        "does not know who asks (401): the credentials of context 'loopback'" in (doubt["sentence"])
    )


def test_the_log_of_a_program_decides_what_the_api_shows_alike(tmp_path: Path) -> None:
    """A single manifest of the wrong platform, and a crash: named live, by their last words."""
    logs = tmp_path / "logs"
    logs.mkdir()
    wrong = "image-single-manifest-wrong-platform"
    (logs / f"{wrong}.log").write_text("exec /w/arm: exec format error\n", "utf-8")
    (logs / "crash-loop.log").write_text("settings: RECOMMENDATIONS_TARGET is missing\n", "utf-8")
    with captured_api("image-and-app-faults", logs=logs) as api:
        config = str(kubeconfig(tmp_path, api.url))
        words = ("--kubeconfig", config, "--no-images", "-o", "json", "--save")
        said = diagnose(*words, str(tmp_path / "saved.json"), home=tmp_path)

    told = {one["fault"]: one["seen"][0] for one in said.verdict["findings"]}
    crashed = [one["seen"][0] for one in said.verdict["findings"] if one["layer"] == "app"]
    assert told["image-platform-wrong"].startswith(f"Pod {wrong}, ")
    assert [] != [one for one in crashed if one.startswith("Pod crash-loop, ")]
    assert "RECOMMENDATIONS_TARGET" not in (tmp_path / "saved.json").read_text("utf-8")


def test_kubectl_applies_them_and_takes_them_away(tmp_path: Path) -> None:
    """`kubectl apply -k k8s/doctor` where the namespaces are; all of it goes by `delete -k`."""
    with kube_api("bookstore", NAMESPACE) as api:
        kubectl, before = Kubectl.towards(api.url, tmp_path), api.objects()
        applied = kubectl.said("apply", "-k", "k8s/doctor").splitlines()
        kubectl.said("delete", "-k", "k8s/doctor")

        assert 9 == len([one for one in applied if one.endswith(" created")])
        assert before == api.objects()


def test_the_captures_are_whole() -> None:
    """The rights are tried on a cluster that has something of every kind."""
    kinds = {path.stem for path in (CAPTURES / "image-and-app-faults").glob("*.json")}

    assert {one.resource for one in granted()} - {"configmaps", "pods/log"} <= kinds
