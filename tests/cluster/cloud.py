"""A loopback AWS, moto's server, and the stack in it."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = ROOT / "k8s" / "cluster"
REGION = "eu-central-1"
NAME = "bookstore"  # moto finds instances by the second part of NAME-INSTANCE-SUFFIX: no hyphen
ADMINS = "203.0.113.7/32"
SECONDS_TO_START = 120
ADDRESS = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")

# Nobody but AWS may write below /aws, and moto has none of Canonical's parameters: the tests' stack
# looks its image up under a name of their own, and is else the committed one.
CANONICAL = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
IMAGE = "/test/ubuntu/24.04/amd64"

Document = dict[str, Any]


@contextmanager
def moto_server(log: Path) -> Iterator[str]:
    """Run moto's server on a free port of loopback and give its address; it logs to a file."""
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"]
    with log.open("w") as output, subprocess.Popen(command, stderr=output) as process:
        try:
            yield address_in(log, process)
        finally:
            process.kill()


def address_in(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Return the address that the server says it has, as soon as it says so."""
    end = time.monotonic() + SECONDS_TO_START
    while not (found := ADDRESS.search(log.read_text("utf-8"))):
        assert process.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < end, "moto's server did not start"
        time.sleep(0.1)
    return found[1]


def wiped(url: str) -> "Cloud":
    """Give a loopback AWS in which nobody has done anything yet.

    Args:
        url: of a server of which nobody else makes use now.
    """
    wipe = urllib.request.Request(f"{url}/moto-api/reset", method="POST")  # noqa: S310 # loopback
    with urllib.request.urlopen(wipe, timeout=10):  # noqa: S310 # loopback
        return Cloud(url)


def environment(url: str) -> dict[str, str]:
    """Return the environment in which boto3 finds the loopback AWS, and no other."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


@dataclass(frozen=True, slots=True)
class Cloud:
    """The loopback AWS as boto3 sees it.

    Attributes:
        url: where it listens.
    """

    url: str

    def client(self, service: str) -> Any:  # noqa: ANN401 # boto3 makes its clients as it runs
        """Return boto3's client of a service."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 # moto takes any
        )

    def create(self, template: str, **parameters: str) -> None:
        """Create the stack, with what every stack needs around it."""
        ec2, ssm = self.client("ec2"), self.client("ssm")
        ec2.create_key_pair(KeyName="admin")
        image = ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
        ssm.put_parameter(Name=IMAGE, Value=image, Type="String", Overwrite=True)
        given = {"AdminCidr": ADMINS, "KeyName": "admin", **parameters}
        self.client("cloudformation").create_stack(
            StackName=NAME,
            TemplateBody=template.replace(CANONICAL, IMAGE),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )

    def outputs(self) -> dict[str, str]:
        """Return the outputs of the stack."""
        stack = self.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def group(self) -> Document:
        """Return the security group of all nodes, as EC2 tells it."""
        groups = self.client("ec2").describe_security_groups(
            GroupIds=[self.outputs()["SecurityGroup"]]
        )
        return dict(groups["SecurityGroups"][0])

    def nodes(self) -> dict[str, Document]:
        """Return the running instances of the stack by the last part of their name."""
        found = self.client("ec2").describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": ["running"]}]
        )
        instances = [each for some in found["Reservations"] for each in some["Instances"]]
        return {name_of(each).removeprefix(f"{NAME}-"): each for each in instances}


def name_of(thing: Document) -> str:
    """Return the tag Name of an EC2 thing."""
    return next((tag["Value"] for tag in thing["Tags"] if tag["Key"] == "Name"), "")


def stack_text() -> str:
    """Return the committed stack."""
    return (CLUSTER / "stack.yaml").read_text("utf-8")


@cache
def stack_document() -> Document:
    """Return the committed stack, parsed: it has no short tags."""
    return dict(yaml.safe_load(stack_text()))


def ingress_rules() -> list[str]:
    """Return the names of the stack's inbound rules."""
    kind = "AWS::EC2::SecurityGroupIngress"
    return [name for name, each in stack_document()["Resources"].items() if each["Type"] == kind]


def documents(name: str, **values: str) -> list[Document]:
    """Return the documents of one of the cluster's files, its ${NAME}s filled in."""
    text = (CLUSTER / name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"${{{key}}}", value)
    return list(yaml.safe_load_all(text))


def versions() -> dict[str, str]:
    """Return versions.env."""
    lines = (CLUSTER / "versions.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
