"""A certificate authority, and a folder that changes as a mounted Secret does."""

import datetime as dt
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER: Final = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT: Final = ExtendedKeyUsageOID.CLIENT_AUTH
DAY: Final = 24 * 3600.0
_MINUTE: Final = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a Secret of type kubernetes.io/tls holds: certificate, key and the issuer's."""

    certificate: bytes
    key: bytes
    authority: bytes

    def files(self) -> dict[str, bytes]:
        """Return it as cert-manager names it."""
        return {"tls.crt": self.certificate, "tls.key": self.key, "ca.crt": self.authority}


class Authority:
    """A CA, with the marks of its key in what it signs, as cert-manager's has them.

    Args:
        name: cert-manager's keeps its name when it gets another key.
        key: its key; one of its own when None.
    """

    def __init__(
        self, name: str = "mesh-authority", key: ec.EllipticCurvePrivateKey | None = None
    ) -> None:
        self._subject = name
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        made = (
            _begun(self._name, self._name, self._key.public_key(), DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(self._mark(), critical=False)
        )
        self.certificate = made.sign(self._key, hashes.SHA256()).public_bytes(_PEM)

    def renewed(self) -> "Authority":
        """Return it with another certificate for the same key."""
        return Authority(self._subject, self._key)

    def leaf(
        self,
        *names: str,
        usages: Sequence[x509.ObjectIdentifier] = (SERVER,),
        seconds: float = DAY,
    ) -> Leaf:
        """Issue a certificate.

        Args:
            names: DNS names and addresses.
            usages: what it is for.
            seconds: from now to its end; it began a minute before that or now.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            _begun(x509.Name([]), self._name, key.public_key(), seconds)
            .add_extension(x509.SubjectAlternativeName(list(map(_name, names))), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(self._signed(), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        secret = key.private_bytes(
            _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Leaf(made.public_bytes(_PEM), secret, self.certificate)

    def _mark(self) -> x509.SubjectKeyIdentifier:
        return x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())

    def _signed(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._mark())


class Mounted:
    """A folder of files that all change at once, through a link, as the kubelet does it.

    Files are links to `..data/NAME`; `..data` is a link to the folder of one generation. A path
    with folders in it (`ca/issuer.crt`) is reached through a link to the first of them.
    """

    def __init__(self, path: Path, files: dict[str, bytes]) -> None:
        self.path = path
        self._generation = count()
        path.mkdir(parents=True)
        self.swap(files)
        for name in {file.partition("/")[0] for file in files}:
            (path / name).symlink_to(Path("..data", name))

    def swap(self, files: dict[str, bytes]) -> None:
        """Put a new generation in place of the old one, which is gone afterwards."""
        data = self.path / "..data"
        old = data.resolve() if data.is_symlink() else None
        new = self.path / f"..generation-{next(self._generation)}"
        new.mkdir()
        for name, content in files.items():
            (new / name).parent.mkdir(exist_ok=True)
            (new / name).write_bytes(content)
        link = self.path / "..data_tmp"
        link.symlink_to(new.name)
        os.replace(link, data)  # noqa: PTH105 - the one step that a reader may see
        if old is not None:
            shutil.rmtree(old)


_PEM: Final = serialization.Encoding.PEM


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, seconds: float
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    end = now + dt.timedelta(seconds=seconds)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - _MINUTE)
        .not_valid_after(end)
    )


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
