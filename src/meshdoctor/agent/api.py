"""The Kubernetes API as an agent asks it: with the Pod's service account, by whatever road works.

A road is an address under which the API answers. The Service's goes through kube-proxy's rules; the
API's own addresses, once learned, need none of them. Whoever answers must show the certificate that
the Service's address has: the same API behind every road.

Sources: the Kubernetes documentation, "Accessing the Kubernetes API from a Pod" (token, ca.crt and
the variables), "API Concepts" (limit, continue, resourceVersion).
"""

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from meshdoctor.agent.exchange import Answer, ExchangeError, Request, exchange

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet puts a Pod's token and the API's CA, and new ones in their place."""

MANAGER: Final = "meshdoctor-agent"
"""As whom the API notes an agent's changes among an object's `managedFields`, with the time by its
own clock: the doctor reads it there."""

_SECONDS: Final = 2.0
_CONNECT_SECONDS: Final = 1.0
_LONGEST: Final = 4 * 1024 * 1024
_SEGMENT: Final = 1024  # bytes; with all headers less than the 1280 that every IPv6 link carries
_FIRST_AGAIN_SECONDS: Final = 60.0
_LONGEST_WORDS: Final = 200
_APPLY: Final = "application/apply-patch+yaml"  # JSON is YAML

Object = dict[str, Any]


class ApiError(Exception):
    """The API did not do what was asked; the message says why."""


class ApiSilentError(ApiError):
    """No road leads to the API."""


class ApiRefusedError(ApiError):
    """The API said no.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, words: str) -> None:
        self.status = status
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class _Trust:
    """What the API's CA file made, and of which file: a new one is read when it changes."""

    stamp: tuple[int, int]
    context: ssl.SSLContext


class Api:
    """A Kubernetes API. Several threads may visit it at once.

    Args:
        service: `host:port` of its Service, or of whatever stands before it.
        account: a folder with `token` and `ca.crt`.
        seconds: that one question may take.
    """

    def __init__(self, service: str, account: Path = ACCOUNT, seconds: float = _SECONDS) -> None:
        self._service = service
        self._account = account
        self._seconds = seconds
        self._roads: tuple[str, ...] = (service,)
        self._last: tuple[str, float] = (service, 0.0)
        self._trust: _Trust | None = None

    @property
    def roads(self) -> tuple[str, ...]:
        """The Service's address, then those that were learned."""
        return self._roads

    def learn(self, addresses: tuple[str, ...]) -> None:
        """Remember the API's own addresses.

        Args:
            addresses: `host:port` each.
        """
        self._roads = tuple(dict.fromkeys((self._service, *addresses)))

    @contextmanager
    def visit(self) -> Iterator["Visit"]:
        """Connect, for a few questions one after the other.

        Raises:
            ApiSilentError: no road leads there.
            ApiError: the account's files cannot be read.
        """
        try:
            token = (self._account / "token").read_text("ascii").strip()
            context = self._context()
        except (OSError, ValueError) as error:
            raise ApiError(f"the service account cannot be used: {error}") from error
        with self._connected(context) as connection:
            yield Visit(connection, self._service, token, self._seconds)

    def _context(self) -> ssl.SSLContext:
        file = self._account / "ca.crt"
        found = file.stat()
        stamp = (found.st_mtime_ns, found.st_ino)
        trust = self._trust
        if trust is None or trust.stamp != stamp:
            trust = _Trust(stamp, ssl.create_default_context(cafile=str(file)))
            # Python 3.13 asks for marks that the CAs of older clusters do not have.
            trust.context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            self._trust = trust
        return trust.context

    def _connected(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        said = []
        for road in self._in_turn():
            try:
                connection = self._connect(road, context)
            except (OSError, ValueError) as error:
                said.append(f"{road} {_why(error)}")
            else:
                if road != self._last[0]:
                    self._last = (road, time.monotonic())
                return connection
        raise ApiSilentError(f"the API is out of reach: {', '.join(said)}")

    def _in_turn(self) -> tuple[str, ...]:
        """Begin with the road that worked last, and with the Service's again after a while."""
        road, since = self._last
        if road not in self._roads or time.monotonic() - since > _FIRST_AGAIN_SECONDS:
            return self._roads
        return tuple(dict.fromkeys((road, *self._roads)))

    def _connect(self, road: str, context: ssl.SSLContext) -> ssl.SSLSocket:
        host, port = parted(road)
        plain = _in_small_segments(host, port)
        try:
            return context.wrap_socket(plain, server_hostname=parted(self._service)[0])
        except BaseException:
            plain.close()
            raise


def _in_small_segments(host: str, port: int) -> socket.socket:
    """Connect so that no packet is large, in either direction.

    Where large packets vanish on the way, what is seen of that has to arrive all the same. It must
    be told before connecting, for the other side hears of it then (tcp(7), TCP_MAXSEG).
    """
    failed = []
    for *made, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return _connected_small(socket.socket(*made), address)
        except OSError as error:
            failed.append(error)
    raise failed[-1]


def _connected_small(plain: socket.socket, address: Any) -> socket.socket:  # noqa: ANN401 - a family's own
    try:
        plain.settimeout(_CONNECT_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
        plain.connect(address)
    except BaseException:
        plain.close()
        raise
    return plain


class Visit:
    """A connection to the API, which ends with the first question that fails."""

    def __init__(self, connection: ssl.SSLSocket, host: str, token: str, seconds: float) -> None:
        self._connection = connection
        self._host = host
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "User-Agent": MANAGER,
        }
        self._seconds = seconds

    def get(self, path: str, query: Mapping[str, str]) -> Object:
        """Read something.

        Args:
            path: of the API.
            query: its parameters.

        Raises:
            ApiError: it was refused, or there is no answer.
        """
        return self._ask("GET", f"{path}?{urlencode(query)}", {}, b"")

    def apply(self, path: str, body: Object) -> None:
        """Make an object, or change what of it is ours ("Server-Side Apply" in the same pages).

        Args:
            path: of the object.
            body: all that is ours.

        Raises:
            ApiError: it was refused, or there is no answer.
        """
        target = f"{path}?{urlencode({'fieldManager': MANAGER, 'force': 'true'})}"
        self._ask("PATCH", target, {"Content-Type": _APPLY}, orjson.dumps(body))

    def _ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Object:
        request = Request(method, target, self._host, {**self._headers, **headers}, body)
        deadline = time.monotonic() + self._seconds
        try:
            answer = exchange(self._connection, request, deadline, _LONGEST)
        except ExchangeError as error:
            raise ApiSilentError(f"the API gave up half way: {error}") from error
        return _document(answer)


def parted(address: str) -> tuple[str, int]:
    """Give host and port of `host:port`; IPv6 addresses stand in brackets.

    Args:
        address: any.

    Raises:
        ValueError: it has no port.
    """
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def joined(host: str, port: int) -> str:
    """Give `host:port`, as `parted` reads it.

    Args:
        host: a name or an address.
        port: a number.
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _document(answer: Answer) -> Object:
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        found = None
    told = found if isinstance(found, dict) else {}
    if answer.status >= 300:  # noqa: PLR2004 - the API itself sends nobody elsewhere
        words = str(told.get("message") or f"HTTP {answer.status}")
        raise ApiRefusedError(answer.status, words[:_LONGEST_WORDS])
    if not isinstance(found, dict):
        raise ApiError("the API answered with something that is no object")
    return found


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"shows a certificate that is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "is silent"
    if isinstance(error, ConnectionRefusedError):
        return "refuses"
    return str(getattr(error, "strerror", None) or error).lower()
