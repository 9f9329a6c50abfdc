"""A server that hands out tokens to a registry's guests, and certificates, by openssl.

The registry believes whoever signs with the certificate that it was given
(https://distribution.github.io/distribution/spec/auth/jwt/).
"""

import base64
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

ISSUER: Final = "tests"
SERVICE: Final = "registry of the tests"
_SECONDS: Final = 60


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that signs itself; gives it and its key."""
    path, key = folder / "certificate.pem", folder / "key.pem"
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    place = ("-keyout", key, "-out", path, "-subj", "/CN=tests")
    names = ("-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run((*command, *place, *names), check=True, capture_output=True)
    return path, key


@dataclass(frozen=True, slots=True)
class TokenServer:
    """Where it is, and what it was asked: the header `Authorization` and the scope."""

    realm: str
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def token_server(folder: Path, basic: str, refresh: str) -> Iterator[TokenServer]:
    """Run one that lets in who sends this `Authorization`, or this refresh token."""
    path, key = certificate(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            self.answer(self.headers.get("Authorization", ""), query, basic)

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            query = parse_qs(form)
            self.answer(query["refresh_token"][0], query, refresh)

        def answer(self, proof: str, query: dict[str, list[str]], wanted: str) -> None:
            server.asked.append((proof, query["scope"][0]))
            body = json.dumps({"token": token(query["scope"][0], path, key)}).encode()
            self.send_response(200 if proof == wanted else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if proof == wanted:
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
            """Say nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = TokenServer(f"http://127.0.0.1:{http.server_address[1]}/token")
        serving = threading.Thread(target=http.serve_forever)
        serving.start()
        try:
            yield server
        finally:
            http.shutdown()
            serving.join()


def token(scope: str, path: Path, key: Path) -> str:
    """Sign that the bearer may do what the scope says."""
    kind, name, actions = scope.split(":")
    now = int(time.time())
    der = base64.b64encode(_lines(path)).decode()
    head = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
    claims = {
        "iss": ISSUER,
        "sub": "somebody",
        "aud": SERVICE,
        "iat": now - 1,
        "nbf": now - 1,
        "exp": now + _SECONDS,
        "jti": str(time.monotonic_ns()),
        "access": [{"type": kind, "name": name, "actions": actions.split(",")}],
    }
    signed = f"{_packed(json.dumps(head).encode())}.{_packed(json.dumps(claims).encode())}"
    command = ("openssl", "dgst", "-sha256", "-sign", key)
    done = subprocess.run(command, input=signed.encode(), capture_output=True, check=True)
    return f"{signed}.{_packed(done.stdout)}"


def _lines(path: Path) -> bytes:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("-")]
    return base64.b64decode("".join(lines))


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
