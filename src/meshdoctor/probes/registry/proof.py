"""Saying to a registry who one is, no sooner than it asks and to nobody else."""

import base64
import json
import socket
import ssl
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import urlencode, urlsplit
from weakref import WeakSet

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from meshdoctor import __version__
from meshdoctor.probes.deadline import Deadline
from meshdoctor.probes.registry import challenge
from meshdoctor.probes.registry.challenge import Challenge
from meshdoctor.probes.registry.credentials import Login
from meshdoctor.probes.registry.errors import NotARegistryError, RefusedError, root
from meshdoctor.probes.registry.reference import is_loopback

_TOKEN_BYTES: Final = 1024 * 1024
_OK: Final = 200
_CLIENT: Final = f"meshdoctor/{__version__}"


class Asker:
    """Sends requests: over TLS, or over plain HTTP where that was allowed; through proxies."""

    def __init__(self, *, plain: bool, deadline: Deadline) -> None:
        """Prepare.

        Args:
            plain: whether plain HTTP is what to speak.
            deadline: for every wait.
        """
        self.scheme = "http" if plain else "https"
        self._deadline = deadline
        # The system's certificates, and SSL_CERT_FILE: what the machine trusts is what counts.
        self._trust = ssl.create_default_context()
        self._proxies = urllib.request.getproxies()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._pools = {"": self._watched(urllib3.PoolManager(ssl_context=self._trust))}

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> urllib3.BaseHTTPResponse:
        """Send one request; the answer's body is still to be read.

        Args:
            method: of HTTP.
            url: whole.
            headers: of the request.
            body: of the request.

        Raises:
            ValueError: the address is none, or plain HTTP where TLS is demanded.
            HTTPError: of urllib3.
            TooLateError: there is no time left.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"https", self.scheme}:
            raise ValueError(f"we are sent on to {url[:80]!r}, without TLS")
        left = self._deadline.left()
        return self._pool(parts.scheme, parts.hostname or "").request(
            method,
            url,
            body=body,
            headers={"User-Agent": _CLIENT, **headers},
            timeout=urllib3.Timeout(connect=left, read=left),
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def speaks_tls(self, host: str) -> bool:
        """Find out whether a registry on this machine has TLS, before its name is sent in the open.

        Docker does so too for loopback ("insecure registries"): TLS first, plain HTTP then.

        Args:
            host: with its port.
        """
        try:
            self.send("GET", f"https://{host}/v2/", {}).close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return isinstance(root(error), ssl.SSLCertVerificationError)
        return True

    def close(self) -> None:
        """Give the connections back; who still waits for an answer on one is woken by an error."""
        for pool in self._pools.values():
            pool.clear()
        for each in tuple(self._sockets):
            with suppress(OSError):  # closed already
                each.shutdown(socket.SHUT_RDWR)

    def _watched(self, manager: urllib3.PoolManager) -> urllib3.PoolManager:
        """Know a pool's connections by their sockets: nothing else ends a wait from outside."""
        sockets = self._sockets

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                sockets.add(self.sock)

        class Secured(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                sockets.add(self.sock)

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class SecuredPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Secured

        manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecuredPool}
        return manager

    def _pool(self, scheme: str, host: str) -> urllib3.PoolManager:
        proxy = self._proxies.get(scheme, "")
        if is_loopback(host) or urllib.request.proxy_bypass(host):
            proxy = ""
        if proxy not in self._pools:
            through = urllib3.ProxyManager(proxy, ssl_context=self._trust)
            self._pools[proxy] = self._watched(through)
        return self._pools[proxy]


class Proof:
    """Answers the challenges of one registry; remembers the answer for the next request."""

    def __init__(self, asker: Asker, find: Callable[[], Login | None]) -> None:
        """Prepare; credentials are looked for when they are asked for.

        Args:
            asker: asks the server that hands out tokens.
            find: finds the credentials for the registry.
        """
        self._asker = asker
        self._find = find
        self._headers: dict[str, str] = {}
        self.source = ""
        self.told = "no credentials were asked for"

    def headers(self) -> dict[str, str]:
        """Give what proved itself before."""
        return self._headers

    def answer(self, header: str) -> dict[str, str]:
        """Answer a challenge.

        Args:
            header: the challenge.

        Returns:
            The headers to send; empty when there is nothing to say.

        Raises:
            RefusedError: no token is given to us.
            NotARegistryError: what came is no token.
        """
        asked = challenge.read(header)
        if asked is None:
            self.told = "it does not say which credentials it takes"
            return {}
        login = self._find()
        self.source = login.source if login else ""
        self.told = (
            f"the credentials from {login.source} were given"
            if login
            else "no credentials are known"
        )
        if asked.scheme == "basic":
            self._headers = _basic(login)
        else:
            self._headers = {"Authorization": f"Bearer {self._token(asked, login)}"}
        return self._headers

    def _token(self, asked: Challenge, login: Login | None) -> str:
        realm = asked.parameters.get("realm", "")
        query = {
            key: asked.parameters[key] for key in ("service", "scope") if key in asked.parameters
        }
        if login and login.token:
            body = {**query, "grant_type": "refresh_token", "refresh_token": login.token}
            form = urlencode({**body, "client_id": "meshdoctor"}).encode()
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            response = self._asker.send("POST", realm, kind, form)
        else:
            joint = "&" if urlsplit(realm).query else "?"
            response = self._asker.send("GET", f"{realm}{joint}{urlencode(query)}", _basic(login))
        try:
            return self._read_token(response, realm)
        finally:
            response.close()

    def _read_token(self, response: urllib3.BaseHTTPResponse, realm: str) -> str:
        where = urlsplit(realm).netloc
        if response.status in {400, 401, 403}:
            said = f"{where}, which hands out tokens, answers HTTP {response.status}"
            raise RefusedError(f"{said}; {self.told}")
        try:
            told = json.loads(response.read(_TOKEN_BYTES))
            token = told.get("token") or told.get("access_token")
        except (ValueError, AttributeError):
            token = None
        if response.status != _OK or not isinstance(token, str) or not token.isprintable():
            raise NotARegistryError(f"{where}, which hands out tokens, gave none")
        return token


def _basic(login: Login | None) -> dict[str, str]:
    if login is None or not login.user:
        return {}
    pair = base64.b64encode(f"{login.user}:{login.secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
