"""Platforms as containerd compares them: `linux/amd64`, `linux/arm64`, `linux/arm/v7`.

Other spellings of one platform are one platform (github.com/containerd/platforms, `database.go`).
"""

import re
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"[a-z0-9_.-]+")
_ALIASES: Final = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"}
_USUAL_VARIANT: Final = {("arm64", "v8"): "", ("amd64", "v1"): "", ("arm", ""): "v7"}
_PARTS: Final = (2, 3)
# What containerd takes when the node's own platform is not there (`compare.go`, platformVector).
_LESSER: Final = {"amd64": ("386",), "arm64": ("arm",)}


class PlatformError(ValueError):
    """A text names no platform."""


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system and a processor.

    Attributes:
        os: as Go names it, such as `linux`.
        architecture: as Go names it, such as `amd64`.
        variant: of the processor, such as `v7`; "" is the usual one.
    """

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        """Write it as `--platform` does."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    @property
    def known(self) -> bool:
        """Whether it is one: attestations of a build stand in the index as `unknown/unknown`."""
        return bool(self.os and self.architecture) and "unknown" not in {self.os, self.architecture}

    def runs_on(self, node: "Platform") -> bool:
        """Say whether an image of this platform is one of the node's own."""
        same = (self.os, self.architecture) == (node.os, node.architecture)
        return same and self.variant <= node.variant  # an older processor's code runs on a newer

    def lesser_than(self, node: "Platform") -> bool:
        """Say whether containerd takes it for want of the node's own: 32 bits instead of 64."""
        return self.os == node.os and self.architecture in _LESSER.get(node.architecture, ())


def normal(os: str, architecture: str, variant: str = "") -> Platform:
    """Return a platform in its usual spelling.

    Args:
        os: `linux`, in any case.
        architecture: also as `uname -m` says it.
        variant: as in an index.
    """
    known = _ALIASES.get(architecture.lower(), architecture.lower())
    lower = variant.lower()
    lower = f"v{lower}" if lower.isdecimal() else lower
    return Platform(os.lower(), known, _USUAL_VARIANT.get((known, lower), lower))


def parse(text: str) -> Platform:
    """Read a platform.

    Args:
        text: `os/architecture` or `os/architecture/variant`.

    Raises:
        PlatformError: it is none.
    """
    parts = text.strip().lower().split("/")
    if len(parts) not in _PARTS or not all(_FORM.fullmatch(part) for part in parts):
        raise PlatformError(f"{text!r} is no platform such as linux/amd64 or linux/arm/v7")
    return normal(*parts)
