"""The probe: what does the registry hold under the name of an image, for the nodes' platforms?"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from meshdoctor.probes.deadline import Deadline
from meshdoctor.probes.registry.client import INDEX_TYPES, Document, Registry
from meshdoctor.probes.registry.credentials import config_path, login_for
from meshdoctor.probes.registry.errors import NotReadError, RegistryError
from meshdoctor.probes.registry.evidence import Content, Entry, ImageEvidence
from meshdoctor.probes.registry.platforms import Platform, normal
from meshdoctor.probes.registry.programs import look_at_program
from meshdoctor.probes.registry.proof import Asker, Proof
from meshdoctor.probes.registry.reference import Reference

SECONDS: Final = 10.0
"""Enough for a registry at the other end of the world."""

PROGRAM_SECONDS: Final = 60.0
"""Enough for the layers of a usual image over a usual line."""

_SILENT_ENTRIES: Final = 8  # whose config blobs are read, because the index does not say more


@dataclass(frozen=True, slots=True)
class ImageQuestion:
    """What to ask.

    Attributes:
        reference: the image.
        platforms: of the nodes.
        programs: whether to read the layers for the program that it starts.
        plain: whether to speak plain HTTP; to this machine it is tried anyway, after TLS.
        seconds: how long everything may take.
        environ: where Docker's configuration is looked for.
    """

    reference: Reference
    platforms: tuple[Platform, ...]
    programs: bool = False
    plain: bool = False
    seconds: float = SECONDS
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


def look_at_image(question: ImageQuestion) -> ImageEvidence:
    """Ask the registry of an image.

    Args:
        question: what to ask.

    Returns:
        What was seen, also when that is nothing.
    """
    began = time.monotonic()
    deadline = Deadline(question.seconds)
    reference = question.reference
    path = config_path(question.environ)
    asker = _asker(question, deadline)
    proof = Proof(asker, lambda: login_for(reference.host, path, deadline))
    registry = Registry(reference, asker, proof, deadline)
    evidence = ImageEvidence(str(reference), question.platforms, 0.0)
    try:
        found = registry.manifest(reference.wanted)
        evidence = _read(evidence, found, registry, question)
    except RegistryError as error:
        evidence = replace(evidence, failure=error.failure)
    finally:
        asker.close()
    seconds = round(time.monotonic() - began, 3)
    return replace(evidence, credentials=proof.source, seconds=seconds)


def _asker(question: ImageQuestion, deadline: Deadline) -> Asker:
    asker = Asker(plain=question.plain, deadline=deadline)
    reference = question.reference
    if question.plain or not reference.is_local or asker.speaks_tls(reference.host):
        return asker
    asker.close()
    return Asker(plain=True, deadline=deadline)


def _read(
    evidence: ImageEvidence, found: Document, registry: Registry, question: ImageQuestion
) -> ImageEvidence:
    evidence = replace(
        evidence,
        digest=found.digest,
        media_type=found.media_type,
        is_index=found.media_type in INDEX_TYPES,
    )
    if not evidence.is_index:
        return replace(evidence, contents=(_content(registry, found, question),))
    evidence = replace(evidence, entries=_entries(registry, found.content))
    chosen = [evidence.entry_for(platform) for platform in question.platforms]
    digests = dict.fromkeys(entry.digest for entry in chosen if entry)
    contents = (_content_at(registry, digest, question) for digest in digests)
    return replace(evidence, contents=tuple(contents))


def _entries(registry: Registry, index: dict[str, Any]) -> tuple[Entry, ...]:
    listed = index.get("manifests")
    entries = []
    silent = 0
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or not isinstance(one.get("digest"), str):
            continue
        if (platform := platform_of(one.get("platform"))) is None:
            silent += 1
            if silent <= _SILENT_ENTRIES:
                entries.append(_silent(registry, one["digest"]))
        elif platform.known:
            entries.append(Entry(one["digest"], platform))
    return tuple(entries)


def _silent(registry: Registry, digest: str) -> Entry:
    """Ask the config blob of an entry without a platform, as containerd's `image.go` does."""
    try:
        config = registry.config(_config_of(registry.manifest(digest)))
    except RegistryError:
        return Entry(digest, None)
    return Entry(digest, platform_of(config), from_config=True)


def platform_of(told: object) -> Platform | None:
    """Read a platform out of an index's entry or a config blob (OCI image specification).

    Args:
        told: JSON with `os`, `architecture` and perhaps `variant`.

    Returns:
        None when it does not say one.
    """
    if not isinstance(told, dict):
        return None
    words = [told.get(key, "") for key in ("os", "architecture", "variant")]
    if not all(isinstance(word, str) for word in words) or not (words[0] and words[1]):
        return None
    return normal(*words)


def _content_at(registry: Registry, digest: str, question: ImageQuestion) -> Content:
    try:
        return _content(registry, registry.manifest(digest), question)
    except RegistryError as error:
        return Content(digest, failure=error.failure)


def _content(registry: Registry, found: Document, question: ImageQuestion) -> Content:
    try:
        config = registry.config(_config_of(found))
    except RegistryError as error:
        return Content(found.digest, failure=error.failure)
    running = config.get("config")
    running = running if isinstance(running, dict) else {}
    command = (*_words(running.get("Entrypoint")), *_words(running.get("Cmd")))
    content = Content(found.digest, platform_of(config), command)
    if not question.programs:
        return content
    return replace(content, program=look_at_program(registry, found.content, running, command))


def _config_of(found: Document) -> str:
    config = found.content.get("config")
    digest = config.get("digest") if isinstance(config, dict) else None
    if not isinstance(digest, str):
        raise NotReadError(f"manifest {found.digest}: it names no config blob")
    return digest


def _words(told: object) -> tuple[str, ...]:
    return tuple(map(str, told)) if isinstance(told, list) else ()
