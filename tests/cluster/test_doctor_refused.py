"""When EC2 does not answer as hoped for: one clear sentence, what would tell, exit code 2."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster.cloud import REGION, Cloud, environment
from tests.support.hostile_ec2 import ec2_that_says, refusal
from tests.support.lab import free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

COMMAND = (sys.executable, "-m", "meshdoctor", "aws", "security-group")


def no_aws() -> dict[str, str]:
    """Return an environment without a word about AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def told(url: str, *arguments: str, **variables: str) -> str:
    """Ask, and return the sentence of the doubt and what would tell, in one line."""
    asked = arguments or ("--group-id", "sg-1")
    done = subprocess.run(
        [*COMMAND, *asked, "-o", "json"],
        env={**environment(url), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (2, "") == (done.returncode, done.stderr), done.stdout
    (verdict,) = json.loads(done.stdout)["verdicts"]
    (doubt,) = verdict["doubts"]
    assert "unknown" == verdict["state"]
    return f"{doubt['sentence']} | {doubt['missing']}"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            403,
            refusal("UnauthorizedOperation", "You are not authorized to perform this operation."),
            "UnauthorizedOperation: You are not authorized to perform this operation. | cred",
        ),
        (401, refusal("AuthFailure", "no"), "AuthFailure: no | credentials that may"),
        (400, refusal("InvalidGroup.NotFound", "no sg-1"), "no sg-1 | the right id, and the right"),
        (503, refusal("RequestLimitExceeded", "slow down"), "slow down | an answer: ask again in"),
        (400, refusal("Strange", "quite\n new"), "Strange: quite new | an answer: what EC2 said"),
        (200, "<html>hello", "describe-instances: Unable to parse response"),
        (200, "", "describe-instances: "),
        (200, "<DescribeInstancesResponse/>", "describe-security-groups: "),
    ],
    ids=["right", "credentials", "group", "throttled", "strange", "html", "empty", "other"],
)
def test_an_answer_that_is_none_is_told(status: int, body: str, expected: str) -> None:
    """EC2's own code and words, made fit for a terminal, and what to do."""
    with ec2_that_says(status, body) as url:
        assert expected in told(url)


def test_silence_ends_in_time() -> None:
    """The time that was given is all that it takes, tries included."""
    began = time.monotonic()
    with ec2_that_says(200, None) as url:
        sentence = told(url, "--group-id", "sg-1", "--timeout", "2")

    assert "check route and proxy, or give more --timeout" in sentence
    assert 15 > time.monotonic() - began


def test_nobody_there_is_told() -> None:
    """With the address that was tried."""
    port = free_port()

    assert f"http://127.0.0.1:{port}" in told(f"http://127.0.0.1:{port}")


def test_no_credentials_are_told(tmp_path: Path) -> None:
    """Nothing in the environment, no file, no instance that gives any."""
    nothing = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    nothing |= {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}

    sentence = told("http://127.0.0.1:9", **nothing)
    assert "Unable to locate credentials" in sentence
    assert "--from groups.json" in sentence


def test_no_region_is_told(tmp_path: Path) -> None:
    """It is asked for by the option that gives it."""
    done = subprocess.run(
        [*COMMAND, "--group-id", "sg-1"],
        env={**no_aws(), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (2, "") == (done.returncode, done.stderr)
    assert "EC2: You must specify a region." in done.stdout
    assert "what would tell: the region: --region, or AWS_DEFAULT_REGION" in done.stdout


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("--group-id", "sg-0123456789abcdef0"), "sg-0123456789abcdef0"),
        (("--instance-id", "i-0123456789abcdef0"), "i-0123456789abcdef0"),
    ],
)
def test_what_is_not_there_is_told(cloud: Cloud, asked: tuple[str, ...], expected: str) -> None:
    """A group or an instance of another region, or a slip of the pen."""
    sentence = told(cloud.url, *asked)

    assert expected in sentence
    assert "the right id, and the right --region" in sentence


def test_the_options_say_where_ec2_is(cloud: Cloud) -> None:
    """Without a word in the environment but credentials."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    where = ("--region", REGION, "--endpoint-url", cloud.url)
    done = subprocess.run(
        [*COMMAND, "--group-id", cloud.group()["GroupId"], *where, "-o", "short"],
        env={**no_aws(), **keys},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr), done.stdout
