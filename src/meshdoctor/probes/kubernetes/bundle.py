"""Evidence as a file: saved once, judged again as often as wanted."""

from typing import Final

from pydantic import TypeAdapter, ValidationError

from meshdoctor.probes.kubernetes.evidence import KubernetesEvidence

_ADAPTER: Final = TypeAdapter(KubernetesEvidence)


class BundleError(ValueError):
    """A text is no bundle; the message says where it stops to be one."""


def dump(evidence: KubernetesEvidence) -> str:
    """Write evidence as JSON.

    Args:
        evidence: any.
    """
    return _ADAPTER.dump_json(evidence, indent=2).decode()


def load(text: str, name: str) -> KubernetesEvidence:
    """Read what `dump` wrote.

    Args:
        text: JSON.
        name: of the file, for messages.

    Raises:
        BundleError: it is something else.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BundleError(f"{name} is no bundle of meshdoctor: {place} {first['msg']}") from error
