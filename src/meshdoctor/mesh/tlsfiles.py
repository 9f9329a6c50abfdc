"""Certificate, key and CA bundle as files, read together and believed only when they fit.

Files of a mounted Secret all change at once, through a link; files that a person copies do not.
Either way the bytes are checked before anybody uses them, by the OpenSSL that Python has.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MISMATCHES: Final = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
_EXPECTED: Final = {"key": "expected a PEM key without a password"}
_CERTIFICATES: Final = "expected PEM certificates, complete ones"

Stamp = tuple[tuple[str, int, int, int], ...]
"""Path, inode, size and time of change of every file."""


class TlsFileError(ValueError):
    """A file cannot be used; the text says which and why.

    Attributes:
        part: `certificate`, `key` or `ca`.
    """

    def __init__(self, part: str, path: Path, why: str) -> None:
        self.part = part
        super().__init__(f"{path}: {why}")


@dataclass(frozen=True, slots=True)
class TlsPair:
    """What one side of a connection shows, and whom it believes; all PEM.

    Attributes:
        certificate: the leaf, then what leads to the CA.
        key: the leaf's private key.
        ca: the certificates of every CA that is believed.
    """

    certificate: bytes
    key: bytes
    ca: bytes


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where a pair is kept, as cert-manager's Secret has it.

    Attributes:
        certificate: such as `tls.crt`.
        key: such as `tls.key`.
        ca: such as `ca.crt`; or a folder, all files of which are believed: old and new CA while
            one replaces the other.
    """

    certificate: Path
    key: Path
    ca: Path

    def stamp(self) -> Stamp:
        """Return what changes whenever a file does; files that are missing are left out."""
        return tuple(_stamps(self))

    def read(self) -> TlsPair:
        """Read all and check that they fit.

        Raises:
            TlsFileError: a file is missing, is no PEM, or the key is another certificate's.
        """
        with _reading("ca", self.ca):
            ca = tuple(_files(self.ca))
        if not ca:
            raise TlsFileError("ca", self.ca, "the folder is empty")
        pair = TlsPair(
            _read("certificate", self.certificate),
            _read("key", self.key),
            b"\n".join(_read("ca", path) for path in ca),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _check_certificates("certificate", self.certificate, pair.certificate)
        _check_certificates("ca", self.ca, pair.ca)
        with _reading("key", self.key):
            load_pair(context, pair)
        return pair


def load_pair(context: ssl.SSLContext, pair: TlsPair) -> None:
    """Give `context` a pair to show.

    Raises:
        ssl.SSLError: it is none.
    """
    # OpenSSL's own interface takes paths; this one is in memory, and nobody else's.
    memory = os.memfd_create("tls")
    with os.fdopen(memory, "wb") as file:
        file.write(pair.certificate + b"\n" + pair.key)
        file.flush()
        # With a password given, a locked key is an error and no question at the terminal.
        context.load_cert_chain(f"/proc/self/fd/{memory}", password="")


def _check_certificates(part: str, path: Path, pem: bytes) -> None:
    begun = pem.count(b"-----BEGIN CERTIFICATE-----")
    if not begun or begun != pem.count(b"-----END CERTIFICATE-----"):
        raise TlsFileError(part, path, _CERTIFICATES)
    with _reading(part, path):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem.decode("ascii"))


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    # `..data` and its like are the kubelet's own.
    yield from sorted(one for one in path.iterdir() if one.name[0] != "." and one.is_file())


def _read(part: str, path: Path) -> bytes:
    with _reading(part, path):
        return path.read_bytes()


def _stamps(files: TlsFiles) -> Iterator[tuple[str, int, int, int]]:
    with suppress(OSError):  # a folder that goes while it is read
        for path in (files.certificate, files.key, *_files(files.ca)):
            with suppress(OSError):
                found = path.stat()
                yield str(path), found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def _reading(part: str, path: Path) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        why = _EXPECTED.get(part, _CERTIFICATES)
        if error.reason in _MISMATCHES:
            why = "this key does not belong to the certificate"
        elif error.reason:
            why = f"{why} (OpenSSL: {error.reason})"
        raise TlsFileError(part, path, why) from error
    except OSError as error:
        raise TlsFileError(part, path, (error.strerror or str(error)).lower()) from error
    except UnicodeDecodeError as error:
        raise TlsFileError(part, path, _CERTIFICATES) from error
