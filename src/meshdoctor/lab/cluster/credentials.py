"""Who may ask the API, and how it shows that it is itself: made at each start, gone at its end."""

import base64
import datetime as dt
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADMIN = "kubernetes-admin"
_MINUTE, _DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
_NAME = "lab"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Certificate and key of the API, and everybody's token.

    Attributes:
        certificate: in PEM; it vouches for itself.
        key: in PEM.
        tokens: by user.
    """

    certificate: bytes
    key: bytes
    tokens: Mapping[str, str]

    @classmethod
    def made(cls, addresses: Iterable[str], users: Iterable[str]) -> "Credentials":
        """Make them.

        Args:
            addresses: of the API.
            users: beside `ADMIN`.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(key, addresses)
        return cls(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
            {user: secrets.token_urlsafe() for user in (ADMIN, *users)},
        )

    def write(self, folder: Path, server: str) -> None:
        """Write what the API and its clients read: tls.crt, tls.key, tokens.json, kubeconfig.

        Args:
            folder: it is made.
            server: URL of the API.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tls.crt").write_bytes(self.certificate)
        (folder / "tls.key").write_bytes(self.key)
        users = {token: user for user, token in self.tokens.items()}
        (folder / "tokens.json").write_text(json.dumps(users), "utf-8")
        (folder / "kubeconfig").write_text(self._kubeconfig(server), "utf-8")

    def _kubeconfig(self, server: str) -> str:
        authority = base64.b64encode(self.certificate).decode()
        cluster = {"server": server, "certificate-authority-data": authority}
        context = {"cluster": _NAME, "user": ADMIN}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": _NAME,
            "clusters": [{"name": _NAME, "cluster": cluster}],
            "contexts": [{"name": _NAME, "context": context}],
            "users": [{"name": ADMIN, "user": {"token": self.tokens[ADMIN]}}],
        }
        return json.dumps(config, indent=2)  # JSON is YAML


def _certificate(key: ec.EllipticCurvePrivateKey, addresses: Iterable[str]) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    hosts = x509.SubjectAlternativeName(
        [
            *(x509.IPAddress(IPv4Address(each)) for each in addresses),
            x509.DNSName("kubernetes.default.svc"),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _MINUTE)
        .not_valid_after(now + _DAY)
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
