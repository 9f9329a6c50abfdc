"""What was known when the API was last there, in a file that outlives the process.

In a Pod it lies on an emptyDir: that stays when the container is started again, and goes with the
Pod. Whatever is wrong with it, an agent begins without it rather than not at all.
"""

import os
from dataclasses import asdict
from pathlib import Path

import orjson

from meshdoctor.agent.knowledge import Knowledge
from meshdoctor.agent.static import KnowledgeError, read_knowledge


class Memory:
    """A file with what is known.

    Args:
        path: of it; None remembers nothing.

    Attributes:
        gap: why nothing was recalled, or kept, the last time; "" when it was.
    """

    def __init__(self, path: Path | None) -> None:
        self.gap = ""
        self._path = path

    def recall(self, node: str) -> Knowledge | None:
        """Give what was kept; None when there is nothing of use.

        Args:
            node: the agent's own: what another knew is of no use.
        """
        self.gap = ""
        if self._path is None or not self._path.exists():
            return None
        try:
            known = read_knowledge(self._path)
        except KnowledgeError as error:
            self.gap = f"the memory is of no use: {error}"
            return None
        return known if known.node == node else None

    def keep(self, known: Knowledge) -> None:
        """Put this in the place of what was kept: a reader finds the old or the new, all of it.

        Args:
            known: now.
        """
        if self._path is None:
            return
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            new.write_bytes(orjson.dumps(asdict(known)))
            os.replace(new, self._path)  # noqa: PTH105 - the one step that a reader may see
        except OSError as error:
            self.gap = f"nothing is remembered: {self._path}: {error.strerror}"
        else:
            self.gap = ""
