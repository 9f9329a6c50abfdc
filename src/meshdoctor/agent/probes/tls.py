"""Which certificate a server shows, read from a handshake that a caller without one can begin.

In TLS 1.3 the server shows its certificate before it asks for the caller's (RFC 8446, figure 1), so
an agent needs none of its own. The first handshake brings the certificate as bytes. The second one
takes these very bytes for the only authority, so that OpenSSL reads them for us, whoever issued
them and whatever their dates. It is only made for bytes that were not read before.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from meshdoctor.agent.knowledge import Place
from meshdoctor.agent.probes.trial import split
from meshdoctor.probes.mesh.evidence import PROBE_SECONDS, Certificate

_NO_CHECK_TIME: Final = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME (X509_VERIFY_PARAM_set_flags), which Python has no name for:
an expired certificate is to be read like any other."""

_MOST_READ: Final = 64


class CertificateReader:
    """Reads certificates of servers, and says whether an authority vouches for them.

    Args:
        authorities: PEM file; None when there is nobody to ask. It is read anew each time: a
            mounted one changes.
    """

    def __init__(self, authorities: Path | None) -> None:
        self._authorities = authorities
        self._read: dict[bytes, Mapping[str, Any]] = {}

    async def read(self, place: Place) -> Certificate | None:
        """Read the certificate of a server; None where there is none to be had. Never raise.

        Args:
            place: whose serving port speaks TLS.
        """
        address = f"{place.address}:{place.port}"
        with suppress(Exception):  # no TLS, another TLS, silence, a certificate of no known shape
            async with asyncio.timeout(PROBE_SECONDS):
                shown = await _shown(place, _anybody())
                words = await self._words(place, shown)
                trusted = await self._trusted(place)
            return Certificate(
                place.pod,
                address,
                _seconds(words["notBefore"]),
                _seconds(words["notAfter"]),
                _names(words),
                trusted,
            )
        return None

    async def _words(self, place: Place, shown: bytes) -> Mapping[str, Any]:
        words = self._read.get(shown)
        if words is None:
            _, words = await _handshake(place, _only(shown))
            if len(self._read) >= _MOST_READ:
                self._read.clear()
            self._read[shown] = words
        return words

    async def _trusted(self, place: Place) -> bool | None:
        if self._authorities is None:
            return None
        try:
            context = _timeless(ssl.create_default_context(cafile=str(self._authorities)))
        except (OSError, ssl.SSLError):
            return None
        try:
            await _shown(place, context)
        except ssl.SSLCertVerificationError:
            return False
        return True


def _anybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context


def _only(certificate: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return _timeless(context)


def _timeless(context: ssl.SSLContext) -> ssl.SSLContext:
    context.check_hostname = False  # the names are told; the address is a Pod's
    # As numbers: the complement of a flag knows only the flags that have a name.
    flags = int(context.verify_flags) & ~int(ssl.VERIFY_X509_STRICT)
    context.verify_flags = ssl.VerifyFlags(flags | _NO_CHECK_TIME)
    context.set_alpn_protocols(["h2"])
    return context


async def _shown(place: Place, context: ssl.SSLContext) -> bytes:
    shown, _ = await _handshake(place, context)
    return shown


async def _handshake(place: Place, context: ssl.SSLContext) -> tuple[bytes, Mapping[str, Any]]:
    host, port = split(f"{place.address}:{place.port}")
    _, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        session: ssl.SSLObject = writer.get_extra_info("ssl_object")
        shown = session.getpeercert(binary_form=True)
        if shown is None:
            raise EOFError("it shows no certificate")
        return shown, session.getpeercert() or {}
    finally:
        writer.transport.abort()


def _seconds(moment: str) -> float:
    return float(ssl.cert_time_to_seconds(moment))


def _names(words: Mapping[str, Any]) -> str:
    """Give the names in it; without any, the common name of its subject."""
    names = [value for _, value in words.get("subjectAltName", ())]
    common = [value for part in words["subject"] for key, value in part if key == "commonName"]
    return ", ".join(names or common)
