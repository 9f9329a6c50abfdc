"""The command `meshdoctor aws security-group` towards a loopback AWS."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.cloud import Cloud, environment

SECONDS = "60"


@dataclass(frozen=True, slots=True)
class Doctor:
    """The command, in an environment that knows the loopback AWS alone.

    Attributes:
        cloud: the AWS.
    """

    cloud: Cloud

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Ask about the group of the stack, or about what is given.

        This AWS is a process of Python, which a busy machine keeps from answering in time.
        """
        patient = ("--timeout", SECONDS)
        command = [sys.executable, "-m", "meshdoctor", "aws", "security-group", *patient]
        return subprocess.run(
            [*command, *arguments],
            env=environment(self.cloud.url),
            capture_output=True,
            text=True,
            check=False,
        )

    def finding(self, *arguments: str) -> dict[str, Any]:
        """Return the one fault that it names."""
        done = self.run(*arguments, "--output", "json")
        assert 1 == done.returncode, done.stdout + done.stderr
        (finding,) = json.loads(done.stdout)["verdicts"][0]["findings"]
        return dict(finding)

    def follow(self, commands: str) -> None:
        """Do what it printed, as a person would paste it, with the real aws command."""
        program = str(Path(sys.executable).with_name("aws"))
        done = subprocess.run(
            ["/bin/sh", "-ec", commands.replace("aws ec2", f"'{program}' ec2")],
            env=environment(self.cloud.url),
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
