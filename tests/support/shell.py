"""One shell that runs block after block, as a reader pastes them."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_END: Final = "-- that was it --"


class BlockError(Exception):
    """A command of a block failed; the text has the block and what was printed."""


@dataclass(frozen=True, slots=True)
class Shell:
    """A bash that ends at the first command that fails.

    Attributes:
        process: it.
        errors: the file in which its standard error goes.
    """

    process: subprocess.Popen[str]
    errors: Path

    def run(self, block: str) -> str:
        """Run a block and give what it printed.

        Raises:
            BlockError: a command failed, and the shell is gone.
        """
        assert self.process.stdin
        assert self.process.stdout
        try:
            self.process.stdin.write(f"{block}\nprintf '\\n%s\\n' '{_END}'\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise BlockError(f"the shell had ended before\n{block}") from None
        printed = ""
        for line in self.process.stdout:
            if line == f"{_END}\n":
                return printed.removesuffix("\n")
            printed += line
        raise BlockError(f"{block}\n{printed}\n{self.errors.read_text('utf-8')[-2000:]}")


@contextmanager
def shell(folder: Path, environment: Mapping[str, str], errors: Path) -> Iterator[Shell]:
    """Start a shell in a folder, with an environment of its own.

    Args:
        folder: where it begins.
        environment: all of it.
        errors: a file for what commands complain of.
    """
    command = ("bash", "--noprofile", "--norc", "-euo", "pipefail")
    with (
        errors.open("w") as complaints,
        subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        try:
            yield Shell(process, errors)
        finally:
            process.kill()
