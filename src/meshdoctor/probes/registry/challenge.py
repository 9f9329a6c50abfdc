"""What a registry wants to know before it answers: the header `WWW-Authenticate` (RFC 9110 11.6.1).

Registries ask for `Basic` credentials, or for a `Bearer` token that another server hands out
(https://distribution.github.io/distribution/spec/auth/token/).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SCHEME: Final = re.compile(r"(?:^|,)\s*(basic|bearer)(?:\s+|$)", re.IGNORECASE)
_PARAMETER: Final = re.compile(r"""([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))""")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to say who one is.

    Attributes:
        scheme: `basic` or `bearer`.
        parameters: `realm`, `service`, `scope`, ... as they were given.
    """

    scheme: str
    parameters: Mapping[str, str]


def read(header: str) -> Challenge | None:
    """Read a header; the best way of those it offers, None when there is none that we know.

    Args:
        header: its value; several headers joined with commas.
    """
    parts = _SCHEME.split(header)
    offers = [
        Challenge(
            scheme.lower(),
            {
                name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain
                for name, quoted, plain in _PARAMETER.findall(text)
            },
        )
        for scheme, text in zip(parts[1::2], parts[2::2], strict=True)
    ]
    # A token says less about us than a password does.
    return max(offers, key=lambda one: one.scheme == "bearer", default=None)
