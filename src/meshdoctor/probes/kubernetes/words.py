"""What of the API's messages may be kept: never a key, never what a program printed."""

import re
from typing import Final

WRONG_FORMAT: Final = "exec format error"
"""Linux' words for a program of another platform (errno ENOEXEC)."""

_USER: Final = re.compile(r"(?<=://)[^/\s\"@]+@")
_QUERY: Final = re.compile(r"\?[^\s\"]*")
_LONGEST: Final = 500
# A scheme of HTTP with what follows it, a signed token, the keys of well-known givers of keys, and
# what stands behind a telling name. A colon is no sign of the last: `anonymous token: 401` is none.
_SECRETS: Final = re.compile(
    r"(?i:\b(?:bearer|basic) +)[\w.~+/=-]{8,}"
    r"|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|(?i:[\w-]*(?:password|passwd|secret|token|api[_-]?key|credential)[\w-]*(?:=|[\"']: *[\"']))"
    r"[^\s\"',;&]+"
)


def safe(words: str) -> str:
    """Take users, passwords and queries out of addresses, and cut what is too long.

    A storage that a registry sends the node to is asked with a signed query.

    Args:
        words: of the kubelet, the scheduler or the container runtime.
    """
    return without_secrets(words)[:_LONGEST]


def without_secrets(words: str) -> str:
    """Take out what proves who somebody is: passwords, tokens, keys, signed queries.

    Args:
        words: of anybody.
    """
    return _SECRETS.sub("...", _QUERY.sub("?...", _USER.sub("...@", words)))


def of_probe(words: str) -> str:
    """Keep what a failed probe tells about the port; the rest is the program's answer.

    Args:
        words: of an event `Unhealthy`.
    """
    probe = words.split(" failed", 1)[0].split(" errored", 1)[0]
    kind = probe if probe in {"Readiness probe", "Liveness probe", "Startup probe"} else "A probe"
    refused = words.endswith("connect: connection refused")
    return f"{kind} failed{': connection refused' if refused else ''}"
