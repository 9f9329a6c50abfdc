"""What was seen of an image in its registry: plain data, to be judged elsewhere."""

from dataclasses import dataclass
from enum import StrEnum

from meshdoctor.probes.registry.platforms import Platform


class Trouble(StrEnum):
    """Why something could not be had."""

    NAME_UNKNOWN = "name-unknown"
    NOT_CONNECTED = "not-connected"
    SILENT = "silent"
    NOT_TRUSTED = "not-trusted"
    NOT_A_REGISTRY = "not-a-registry"
    REFUSED = "refused"
    LIMITED = "limited"
    MISSING = "missing"
    DAMAGED = "damaged"
    NOT_READ = "not-read"


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be had.

    Attributes:
        trouble: the kind.
        words: what was said about it: where, and the other side's own words.
    """

    trouble: Trouble
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One manifest that an index lists.

    Attributes:
        digest: of the manifest.
        platform: what the index says it is for; None when it does not say.
        from_config: whether the platform is its config blob's, because the index is silent.
    """

    digest: str
    platform: Platform | None
    from_config: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """What an image starts.

    Attributes:
        path: as it was found in the layers, symbolic links followed.
        machine: the processor that it is for, as Go names it.
        scripts: what was started first, each of which names the next; the program ends the chain.
        failure: why it was not found or read.
    """

    path: str
    machine: str = ""
    scripts: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What one manifest leads to.

    Attributes:
        digest: of the manifest.
        platform: what the config blob says; None when it was not read or does not say.
        command: the entry point and its arguments.
        program: what the layers hold; None when they were not asked.
        failure: why manifest or config blob could not be had.
    """

    digest: str
    platform: Platform | None = None
    command: tuple[str, ...] = ()
    program: Program | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class ImageEvidence:
    """What a registry said about an image, asked from one place at one time.

    Attributes:
        reference: the whole name.
        asked: the platforms that matter.
        seconds: how long it took.
        credentials: where those that were given came from; "" when none were.
        failure: why there is no manifest; the rest is empty then.
        digest: of what the tag leads to.
        media_type: of it.
        is_index: whether it lists manifests, or is one.
        entries: what it lists, attestations left out.
        contents: of the entries for the platforms asked, or of the single manifest.
    """

    reference: str
    asked: tuple[Platform, ...]
    seconds: float
    credentials: str = ""
    failure: Failure | None = None
    digest: str = ""
    media_type: str = ""
    is_index: bool = False
    entries: tuple[Entry, ...] = ()
    contents: tuple[Content, ...] = ()

    def entry_for(self, node: Platform) -> Entry | None:
        """Give the entry that a node takes: the newest variant it can run, the first of those."""
        fitting = [
            (one.platform.variant, -place, one)
            for place, one in enumerate(self.entries)
            if one.platform and one.platform.runs_on(node)
        ]
        return max(fitting)[2] if fitting else None

    def content_of(self, digest: str) -> Content | None:
        """Give what a manifest leads to."""
        return next((one for one in self.contents if one.digest == digest), None)
