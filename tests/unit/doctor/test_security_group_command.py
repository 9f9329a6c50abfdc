"""`meshdoctor aws security-group` on saved JSON: what it prints, and how it ends."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.security_groups import (
    CONTROL,
    NODES,
    SELF,
    STORY,
    SUBNET,
    Document,
    group,
    groups,
    instance,
    instances,
    rule,
)

CALICO = Path(__file__).resolve().parents[3] / "k8s/cluster/calico.yaml"
BROKEN = groups(group(NODES, STORY))
WELL = groups(group(NODES, [*STORY, SELF]))
CHECKED = instances(instance("i-1", "10.0.0.11", NODES), instance("i-2", "10.0.0.12", NODES))


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with saved answers, in which the command runs.

    Attributes:
        folder: the folder.
    """

    folder: Path

    def save(self, name: str, answer: Document) -> str:
        """Save an answer and return the path."""
        path = self.folder / name
        path.write_text(json.dumps(answer), "utf-8")
        return str(path)

    def run(self, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run the command."""
        command = [sys.executable, "-m", "meshdoctor", "aws", "security-group", *arguments]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False, cwd=self.folder
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a folder."""
    return Desk(tmp_path)


def test_the_story_ends_with_the_rule(desk: Desk) -> None:
    """Exit code 1, the fault, the line, and the same as infrastructure code."""
    done = desk.run("--from", desk.save("x", BROKEN), "--calico", str(CALICO), "--region", "eu-1")

    assert 1 == done.returncode
    assert done.stdout.startswith("FAULT       network-nodes-blocked\n")
    assert f"--region eu-1 --group-id {NODES} --ip-permissions 'IpProtocol=-1,User" in done.stdout
    assert "Type: AWS::EC2::SecurityGroupIngress" in done.stdout
    assert 'resource "aws_vpc_security_group_ingress_rule" "nodes_from_nodes" {' in done.stdout
    assert "docs/runbook.md#network-nodes-blocked" in done.stdout


def test_health_is_one_line_from_standard_input(desk: Desk) -> None:
    """Exit code 0, whatever the encapsulation is."""
    done = desk.run("--from", "-", "-o", "short", stdin=json.dumps(WELL))

    assert (0, "") == (done.returncode, done.stderr)
    expected = f"ok: {NODES}: the nodes reach each other with all that every encapsulation needs\n"
    assert expected == done.stdout


def test_json_has_all_of_it(desk: Desk) -> None:
    """Findings with fix and recipes, doubts, what was seen and what was not asked."""
    done = desk.run("--from", desk.save("x", BROKEN), "--encapsulation", "ipip", "-o", "json")
    (verdict,) = json.loads(done.stdout)["verdicts"]
    (finding,) = verdict["findings"]

    assert "fault" == verdict["state"]
    assert ["network-nodes-blocked", "network"] == [finding["fault"], finding["layer"]]
    assert ["only what is missing", "CloudFormation", "Terraform"] == [
        recipe["title"] for recipe in finding["recipes"]
    ]
    assert "IpProtocol=4,FromPort=-1,ToPort=-1,UserIdGroupPairs" in finding["recipes"][0]["text"]


def test_groups_and_instances_are_told_by_two_files(desk: Desk) -> None:
    """The instances say their groups, their addresses and the check of EC2."""
    files = ("--from", desk.save("g", WELL), "--from", desk.save("i", CHECKED))
    bare = desk.run(*files, "--encapsulation", "vxlan-cross-subnet", "-o", "short")
    plain = desk.run(*files, "--encapsulation", "vxlan", "-o", "short")

    assert (1, 0) == (bare.returncode, plain.returncode)
    assert bare.stdout.startswith("network-overlay-blocked: ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "standard input is empty"),
        ("nonsense", "standard input is no JSON"),
        ('{"SecurityGroups": [], "NextToken": "x"}', "one page of several"),
    ],
)
def test_evidence_that_is_none_is_told_in_a_sentence(desk: Desk, text: str, told: str) -> None:
    """Exit code 2: it cannot tell, and says what would."""
    done = desk.run("--from", "-", "--group-id", NODES, stdin=text)

    assert 2 == done.returncode
    assert done.stdout.startswith("CANNOT TELL cannot tell: standard input ")
    assert told in done.stdout
    assert "what would tell: " in done.stdout
    assert "Traceback" not in done.stderr


def test_an_unknown_group_is_told(desk: Desk) -> None:
    """With those that are known."""
    done = desk.run("--from", desk.save("x", WELL), "--group-id", "sg-9", "-o", "short")

    assert (2, f"cannot-tell: cannot tell: sg-9: no such group among {NODES}\n") == (
        done.returncode,
        done.stdout,
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give --from FILE, --group-id or --instance-id"),
        (("--control-plane", "sg-1"), "--group-id names the other nodes"),
        (("--from", "missing.json"), "missing.json: No such file"),
        (("--from", "-", "--calico", "-"), "standard input can be read once"),
        (("--from", "-", "--calico", "c", "--encapsulation", "ipip"), "give one of both"),
        (("--from", "-", "--encapsulation", "geneve"), "geneve"),
        (("--from", "-", "--node-cidr", "here"), "wanted is a range such as 10.0.0.0/24"),
        (("--from", "-", "--calico", "c"), "c: No such file"),
    ],
)
def test_a_wrong_question_is_told(desk: Desk, arguments: tuple[str, ...], told: str) -> None:
    """Exit code 3, on standard error."""
    done = desk.run(*arguments, stdin=json.dumps(WELL))

    assert (3, "") == (done.returncode, done.stdout)
    assert told in " ".join(done.stderr.split())


def test_many_groups_want_to_be_chosen(desk: Desk) -> None:
    """Two groups could be two kinds of nodes, or strangers: it asks."""
    both = groups(group(NODES, [SELF]), group(CONTROL, []))
    asked = desk.run("--from", "-", stdin=json.dumps(both))
    chosen = desk.run(
        "--from", "-", "--group-id", NODES, "--node-cidr", SUBNET, stdin=json.dumps(both)
    )

    assert (3, 0) == (asked.returncode, chosen.returncode)
    assert f"which are the nodes' groups? --group-id, of {CONTROL}, {NODES}" in asked.stderr


def test_the_control_plane_is_told_apart(desk: Desk) -> None:
    """Its own group, with instances or with groups alone: the same verdict."""
    rules = {CONTROL: [rule("-1", NODES)], NODES: [SELF, rule("-1", CONTROL)]}
    saved = desk.save("g", groups(*(group(id_, told) for id_, told in rules.items())))
    nodes = [instance("i-0", "10.0.0.10", CONTROL)]
    nodes += [instance(f"i-{number}", f"10.0.0.1{number}", NODES) for number in (1, 2)]
    seen = ("--from", desk.save("i", instances(*nodes)))
    asked = ("--from", saved, "--control-plane", CONTROL, "--encapsulation", "vxlan")

    by_nodes, by_groups = desk.run(*asked, *seen), desk.run(*asked, "--group-id", NODES)
    assert (0, 0) == (by_nodes.returncode, by_groups.returncode), by_nodes.stdout


@pytest.mark.skipif(importlib.util.find_spec("boto3") is not None, reason="boto3 is here")
def test_asking_ec2_without_its_extra_says_what_to_install(desk: Desk) -> None:
    """And how to do without."""
    done = desk.run("--group-id", NODES)

    assert 3 == done.returncode
    assert "pip install 'meshdoctor[cli,aws]'" in done.stderr
    assert "--from -" in done.stderr
