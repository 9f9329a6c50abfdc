"""Names of images as Docker and Kubernetes read them: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.

The grammar is that of github.com/distribution/reference (`regexp.go`), the defaults those of its
`normalize.go`: without a host it is Docker Hub, without a tag or digest it is `latest`.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

HUB: Final = "docker.io"
HUB_API: Final = "registry-1.docker.io"

_HUB_NAMES: Final = frozenset({HUB, "index.docker.io"})
_LONGEST_NAME: Final = 255
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST: Final = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?",
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH: Final = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}")
_DIGEST: Final = re.compile(r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}")
_ID: Final = re.compile(r"[a-f0-9]{64}")


class ImageNameError(ValueError):
    """A text names no image; what it says is what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of an image, whole.

    Attributes:
        host: the registry, with its port if it has one; `docker.io` is Docker Hub.
        path: the repository in that registry.
        tag: "" when only a digest was given.
        digest: `sha256:...`, or "".
    """

    host: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def wanted(self) -> str:
        """What to ask the registry for: the digest if there is one, as containerd does."""
        return self.digest or self.tag

    @property
    def api(self) -> str:
        """Where the registry's API is: Docker Hub has it under another name than its own."""
        return HUB_API if self.host == HUB else self.host

    @property
    def is_local(self) -> bool:
        """Whether the registry is on this machine, where plain HTTP harms nobody."""
        return is_loopback(urlsplit(f"//{self.host}").hostname or "")

    def __str__(self) -> str:
        """Write it in full."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.path}{tag}{f'@{self.digest}' if self.digest else ''}"


def parse(text: str) -> Reference:
    """Read the name of an image.

    Args:
        text: as in a manifest of Kubernetes.

    Returns:
        The whole name, with Docker's defaults.

    Raises:
        ImageNameError: it is none; says which part is wrong.
    """
    name, _, digest = text.partition("@")
    if "@" in text and not _DIGEST.fullmatch(digest):
        raise ImageNameError(_wrong(text, f"{digest!r} is no digest such as sha256:...64 digits"))
    name, tag = _split_tag(name)
    if tag is not None and not _TAG.fullmatch(tag):
        raise ImageNameError(_wrong(text, f"{tag!r} is no tag"))
    host, path = _split_host(name)
    if not _HOST.fullmatch(host):
        raise ImageNameError(_wrong(text, f"{host!r} is no name of a registry"))
    if not _PATH.fullmatch(path):
        raise ImageNameError(_wrong(text, _about_path(path)))
    if _ID.fullmatch(name):
        raise ImageNameError(_wrong(text, "it is the id of an image, which no registry knows"))
    if len(path) > _LONGEST_NAME:
        raise ImageNameError(_wrong(text, f"its path is over {_LONGEST_NAME} characters"))
    return Reference(host, path, tag or ("" if digest else "latest"), digest)


def is_loopback(name: str) -> bool:
    """Say whether the name of a host means this machine."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def is_digest(text: str) -> bool:
    """Say whether a text is the digest of something: nothing else may stand in an address."""
    return _DIGEST.fullmatch(text) is not None


def _split_tag(name: str) -> tuple[str, str | None]:
    # A colon before the last slash belongs to the port.
    slash = name.rfind("/")
    colon = name.find(":", slash + 1)
    return (name[:colon], name[colon + 1 :]) if colon > 0 else (name, None)


def _split_host(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    is_host = "." in first or ":" in first or first == "localhost" or first != first.lower()
    host, path = (first, rest) if slash and is_host else (HUB, name)
    if host in _HUB_NAMES:
        return HUB, path if "/" in path else f"library/{path}"
    return host, path


def _about_path(path: str) -> str:
    if path != path.lower():
        return f"{path!r} must be lower case"
    return f"{path!r} is no name of a repository"


def _wrong(text: str, reason: str) -> str:
    return f"{text!r} names no image: {reason}"
