"""Certificates: are they in date, and do callers trust who signed them?"""

from typing import Final

from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.callers import shared, telling
from meshdoctor.doctor.checks.mesh.sights import Mesh
from meshdoctor.doctor.checks.mesh.subjects import Shown, Voice
from meshdoctor.doctor.checks.mesh.words import finding, unsettled
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.mesh.evidence import CLOCK_SECONDS, Ask, Role

EXPIRED, UNTRUSTED = "tls-expired", "tls-untrusted"
_HANDSHAKE, _HUNG_UP = "tls-handshake", "connect-lost"
_HOUR: Final = 3600.0


def _in_date(_mesh: Mesh, shown: Shown) -> Finding | Doubt | None:
    late = shown.at - shown.certificate.not_after
    early = shown.certificate.not_before - shown.at
    if early > CLOCK_SECONDS:
        return Doubt(
            f"the certificate of {shown} begins to be valid in {_long(early)}",
            f"the clock of {shown.node}, and the time at which it was issued",
        )
    if not late > CLOCK_SECONDS:
        return None if shown.agreed else unsettled(f"the certificate of {shown}")
    return finding(
        EXPIRED,
        shown,
        (
            f"the certificate at {shown.certificate.address} ended {_long(late)} ago",
            f"its names: {shown.certificate.subject or 'not told'}",
        ),
        ("tls-untrusted: whoever signed it, it is past its date", "app: TLS is answered"),
        "cmctl renew --all -n NAMESPACE where cert-manager signs, else put a new leaf into the"
        " Secret; the services read it anew by themselves",
    )


def _trusted(mesh: Mesh, voice: Voice) -> Finding | Doubt | None:
    failed = telling(voice.caller, _HANDSHAKE)
    here = [one for one in subjects.shown(mesh) if voice.report.node in one.thing.seen_by]
    if not failed:
        return _hung_up(voice) if here else None
    if any(_in_date(mesh, one.thing) for one in here):
        return None  # that is what they fail of
    strange = [one.thing for one in here if one.thing.certificate.trusted is False]
    if not strange and not (here and _all_shown(mesh, voice, len(here))):
        return Doubt(
            f"{failed} TLS handshakes of {voice} failed, and not all certificates were seen"
            f" ({EXPIRED} or {UNTRUSTED})",
            "openssl s_client -connect POD_ADDRESS:PORT </dev/null | openssl x509 -noout -dates"
            " -issuer",
        )
    shown = (strange or [here[0].thing])[0]
    return finding(
        UNTRUSTED,
        voice,
        (
            shared(voice, failed, "failed in the TLS handshake"),
            *(f"the agent's authorities do not vouch for {one}" for one in strange[:1]),
            f"the certificate of {shown} is in date",
        ),
        (f"{EXPIRED}: it is in date", "the network: TLS is answered"),
        f"give both sides the same CA: kubectl -n {voice.caller.namespace} get secrets; compare"
        " ca.crt of caller and server (openssl x509 -noout -fingerprint)",
    )


def _all_shown(mesh: Mesh, voice: Voice, seen: int) -> bool:
    asked = {
        one.edge.target
        for one in mesh.looks(Role.BACKEND, voice.report.node)
        if one.edge.ask is Ask.TCP
    }
    return 0 < len(asked) <= seen


def _hung_up(voice: Voice) -> Doubt | None:
    lost = telling(voice.caller, _HUNG_UP)
    if not lost:
        return None
    return Doubt(
        f"servers hung up on {lost} calls of {voice}: they may not trust its certificate"
        f" ({UNTRUSTED}, {EXPIRED}), or end",
        "the caller's own certificate: openssl x509 -in tls.crt -noout -dates -issuer; and the"
        " servers' logs",
    )


def _long(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.0f} h"


CERTIFICATES_IN_DATE: Final = Check(
    "certificates.date",
    "every certificate is in date",
    subjects.shown,
    _in_date,
    faults=(EXPIRED,),
)
PEERS_TRUSTED: Final = Check(
    "peers.trusted",
    "callers trust the certificates that they are shown",
    subjects.voices,
    _trusted,
    faults=(UNTRUSTED,),
)
