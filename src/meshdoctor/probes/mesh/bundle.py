"""All evidence as a file: saved once, judged again as often as wanted."""

import json
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from meshdoctor.probes.kubernetes.evidence import KubernetesEvidence, Note
from meshdoctor.probes.kubernetes.words import without_secrets
from meshdoctor.probes.mesh.evidence import MeshEvidence
from meshdoctor.probes.mesh.trees import Place, changed
from meshdoctor.probes.registry.evidence import Content, ImageEvidence

SCHEMA: Final = 2
"""Of a bundle. 1 was what a Kubernetes API said, and nothing else; it is read still."""


class BundleError(ValueError):
    """A text is no bundle; the message says where it stops to be one."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that a verdict rests on.

    Attributes:
        mesh: what the Kubernetes API said, and what the agents wrote.
        images: what registries said of images that nodes could not pull or start.
        notes: what was not looked at, beside what is missing in `mesh`.
        schema: of this data when it is saved.
    """

    mesh: MeshEvidence
    images: tuple[ImageEvidence, ...] = ()
    notes: tuple[Note, ...] = ()
    schema: Literal[2] = SCHEMA


_ADAPTER: Final = TypeAdapter(Bundle)
_COMMAND: Final = (Content, "command")
_FIRST: Final = TypeAdapter(KubernetesEvidence)


def dump(bundle: Bundle) -> str:
    """Write a bundle as JSON, without what proves who somebody is.

    Args:
        bundle: any.
    """
    return _ADAPTER.dump_json(changed(bundle, _kept, dict), indent=2).decode()


def load(text: str, name: str) -> Bundle:
    """Read what `dump` wrote, in this schema or the first.

    Args:
        text: JSON.
        name: of the file, for messages.

    Raises:
        BundleError: it is something else.
    """
    try:
        if _schema(text) == 1:
            return Bundle(MeshEvidence(_FIRST.validate_json(text)))
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BundleError(f"{name} is no bundle of meshdoctor: {place} {first['msg']}") from error


def _kept(place: Place, text: str) -> str:
    # What an image starts, with its arguments, is read by no check.
    return "..." if place == _COMMAND else without_secrets(text)


def _schema(text: str) -> object:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said.get("schema") if isinstance(said, dict) else None
