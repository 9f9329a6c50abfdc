"""What of the API's messages may be kept: never a key, never what a program printed."""

import re
from typing import Final

_USER: Final = re.compile(r"(?<=://)[^/\s\"@]+@")
_QUERY: Final = re.compile(r"\?[^\s\"]*")
_LONGEST: Final = 500


def safe(words: str) -> str:
    """Take users, passwords and queries out of addresses, and cut what is too long.

    A storage that a registry sends the node to is asked with a signed query.

    Args:
        words: of the kubelet, the scheduler or the container runtime.
    """
    return _QUERY.sub("?...", _USER.sub("...@", words))[:_LONGEST]


def of_probe(words: str) -> str:
    """Keep what a failed probe tells about the port; the rest is the program's answer.

    Args:
        words: of an event `Unhealthy`.
    """
    probe = words.split(" failed", 1)[0].split(" errored", 1)[0]
    kind = probe if probe in {"Readiness probe", "Liveness probe", "Startup probe"} else "A probe"
    refused = words.endswith("connect: connection refused")
    return f"{kind} failed{': connection refused' if refused else ''}"
