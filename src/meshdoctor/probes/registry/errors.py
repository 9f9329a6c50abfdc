"""What can go wrong between this machine and a registry.

- `RegistryError`
  - `NotReachedError`: nobody answered as a registry
    - `NameUnknownError`: the name has no address
    - `NotConnectedError`: no connection
    - `SilentError`: a connection, and no whole answer in time
    - `NotTrustedError`: TLS failed
    - `NotARegistryError`: an answer that no registry gives
  - `RefusedError`: it answered and wants (other) credentials
  - `LimitedError`: it answered that it was asked too often
  - `MissingError`: it answered that it has no such thing
  - `DamagedError`: what it sent is not what was asked for
  - `NotReadError`: we did not read on, for the reason given
"""

import ssl
from typing import ClassVar, Final

import urllib3.exceptions as theirs

from meshdoctor.probes.deadline import TooLateError
from meshdoctor.probes.registry.credentials import CredentialsError
from meshdoctor.probes.registry.evidence import Failure, Trouble

_LONGEST: Final = 240


class RegistryError(Exception):
    """Something could not be had; the text says what was asked and what came of it."""

    trouble: ClassVar[Trouble]

    @property
    def failure(self) -> Failure:
        """The error as evidence."""
        return Failure(self.trouble, str(self))


class NotReachedError(RegistryError):
    """Nobody answered as a registry."""


class NameUnknownError(NotReachedError):
    """The name of the registry has no address here."""

    trouble = Trouble.NAME_UNKNOWN


class NotConnectedError(NotReachedError):
    """No connection to the registry."""

    trouble = Trouble.NOT_CONNECTED


class SilentError(NotReachedError):
    """No whole answer in time."""

    trouble = Trouble.SILENT


class NotTrustedError(NotReachedError):
    """TLS failed, most often because the certificate's issuer is not known here."""

    trouble = Trouble.NOT_TRUSTED


class NotARegistryError(NotReachedError):
    """Whoever answered does not talk as a registry does."""

    trouble = Trouble.NOT_A_REGISTRY


class RefusedError(RegistryError):
    """The registry refuses: no credentials, wrong ones, or no right to it."""

    trouble = Trouble.REFUSED


class LimitedError(RegistryError):
    """The registry was asked too often from here."""

    trouble = Trouble.LIMITED


class MissingError(RegistryError):
    """The registry has no such thing."""

    trouble = Trouble.MISSING


class DamagedError(RegistryError):
    """What came is not what was asked for: cut off, or of another digest."""

    trouble = Trouble.DAMAGED


class NotReadError(RegistryError):
    """It was not read: too large, or of a kind that this probe does not know."""

    trouble = Trouble.NOT_READ


# The first that fits, so what is special stands before what is general.
_OURS: Final[tuple[tuple[type[Exception], type[RegistryError]], ...]] = (
    (theirs.NameResolutionError, NameUnknownError),
    (theirs.NewConnectionError, NotConnectedError),
    (theirs.TimeoutError, SilentError),
    (theirs.SSLError, NotTrustedError),
    (theirs.ProxyError, NotConnectedError),
    (theirs.ProtocolError, NotARegistryError),
    (theirs.HTTPError, NotARegistryError),
    (TooLateError, SilentError),
    (CredentialsError, NotReadError),
    (ssl.SSLError, NotTrustedError),
    (OSError, NotConnectedError),
    (ValueError, NotARegistryError),
)

LIBRARY: Final = tuple(library for library, _ours in _OURS)
"""What the parts below raise."""


def ours(error: Exception, asked: str) -> RegistryError:
    """Give our error for one of a library.

    Args:
        error: an instance of `LIBRARY`.
        asked: whom or what was asked.
    """
    kind = next(mine for library, mine in _OURS if isinstance(error, library))
    words = (
        str(error) if isinstance(error, (CredentialsError, TooLateError)) else _words(root(error))
    )
    return kind(f"{asked}: {plain(words)}")


def plain(text: str) -> str:
    """Make a foreign text fit for a terminal: one line, no control characters, not too long."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def root(error: BaseException) -> BaseException:
    """Return the innermost error: the libraries wrap the system's."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return str(error.args[-1]).partition(" (_ssl.c")[0]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, (theirs.TimeoutError, TimeoutError)):
        return "timed out"
    return str(error) or type(error).__name__
