"""Shell scripts, each in a network namespace, side by side."""

import subprocess
from collections.abc import Mapping

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.spaces import NAMES


def run_all(scripts: Mapping[str, str]) -> None:
    """Run scripts at once and wait for all of them.

    Args:
        scripts: text for `sh` by the name of the namespace that it runs in; "" is here.

    Raises:
        LabError: one failed; the text has its last complaint.
    """
    running = {space: _start(space) for space in scripts}
    for space, process in running.items():
        assert process.stdin is not None  # noqa: S101 - it was asked for
        process.stdin.write(scripts[space])
        process.stdin.close()
        process.stdin = None  # `communicate` would like to close it, too
    failed = {space: said for space, process in running.items() if (said := _failure(process))}
    for space, said in failed.items():
        raise LabError(f"cannot set up the network of {space or 'the lab'}: {said}")


def nft(ruleset: str) -> str:
    """Give the script that loads a ruleset in one transaction."""
    return f"nft -f - <<'END'\n{ruleset}END\n" if ruleset else ""


def _start(space: str) -> "subprocess.Popen[str]":
    entry = ("nsenter", f"--net={NAMES / space}") if space else ()
    return subprocess.Popen(
        (*entry, "sh", "-e"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _failure(process: "subprocess.Popen[str]") -> str:
    _, said = process.communicate()
    if not process.returncode:
        return ""
    return next(iter(said.strip().splitlines()), f"exit code {process.returncode}")
