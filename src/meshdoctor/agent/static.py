"""Knowledge from a file: for an agent that runs where no Kubernetes API is."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from meshdoctor.agent.knowledge import Knowledge


class KnowledgeError(ValueError):
    """A file holds no knowledge; the message says where it stops to."""


def read_knowledge(path: Path, node: str = "") -> Knowledge:
    """Read knowledge.

    Args:
        path: of JSON with the fields of `Knowledge`.
        node: the agent's own, instead of that in the file.

    Raises:
        KnowledgeError: it cannot be read, or it is something else.
    """
    try:
        known = TypeAdapter(Knowledge).validate_json(path.read_bytes())
    except OSError as error:
        raise KnowledgeError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise KnowledgeError(f"{path} is no knowledge: {place}: {first['msg']}") from error
    return replace(known, node=node) if node else known


class StaticSource:
    """A source that says what it was given, for ever.

    Args:
        known: what to say.
    """

    def __init__(self, known: Knowledge) -> None:
        self._known = known

    def knowledge(self) -> Knowledge:
        """Give what it was given."""
        return self._known

    def gaps(self) -> Sequence[str]:
        """Say nothing."""
        return ()

    async def run(self) -> None:
        """Wait to be cancelled."""
        await asyncio.Event().wait()
