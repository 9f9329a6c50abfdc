"""One Kubernetes API server, asked for lists and for nothing else.

Nothing is retried and no redirect is followed: whoever asks a doctor wants to see the failure.
Every answer is bounded in bytes and in time.
"""

import json
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3
import urllib3.exceptions as theirs

from meshdoctor import __version__
from meshdoctor.probes.deadline import Deadline, TooLateError, within
from meshdoctor.probes.kubernetes.identity import Identity
from meshdoctor.probes.kubernetes.kubeconfig import Access
from meshdoctor.probes.kubernetes.reading import Object, ShapeError, items
from meshdoctor.probes.kubernetes.words import safe

PAGE: Final = 500
"""How many objects an answer may hold; client-go's own pager asks for as many."""

_ANSWER_BYTES: Final = 64 * 1024 * 1024
_PAGES: Final = 200
_AT_ONCE: Final = 32
_LONGEST: Final = 240
_ERRORS: Final = (theirs.HTTPError, OSError, ValueError)


class ApiError(Exception):
    """A list could not be had; the text says why, and what to do where that is known."""


class NotAllowedError(ApiError):
    """The API knows who asks, and this one may not."""


class NotReachedError(ApiError):
    """No API server gave an answer: what holds for one list holds for all."""


class _ExpiredError(ApiError):
    """The list changed too much between two pages."""


@dataclass(frozen=True, slots=True)
class Found:
    """A whole list.

    Attributes:
        objects: as the API has them.
        moment: Unix seconds by the API's own clock when it answered last; None when it did not say.
    """

    objects: list[Object]
    moment: float | None


@dataclass(frozen=True, slots=True)
class _Page:
    objects: list[Object]
    more: str
    moment: float | None


@dataclass(frozen=True, slots=True)
class _Answer:
    body: bytes
    kind: str
    date: str


class Api:
    """An API server to whom one has said who one is."""

    def __init__(self, access: Access, identity: Identity) -> None:
        """Prepare; nothing is asked yet.

        Args:
            access: where it is.
            identity: who asks.
        """
        self.server = access.server
        self._context = access.context
        self._headers = urllib3.HTTPHeaderDict(
            {"User-Agent": f"meshdoctor/{__version__}", "Accept": "application/json"}
        )
        for name, value in identity.headers:
            self._headers.add(name, value)
        options: dict[str, Any] = {"maxsize": _AT_ONCE, "ssl_context": identity.trust}
        if access.server_name:
            names = {"server_hostname": access.server_name, "assert_hostname": access.server_name}
            options |= {"server_hostname": access.server_name} if access.insecure else names
        if access.insecure:
            urllib3.disable_warnings(theirs.InsecureRequestWarning)  # the kubeconfig wants it so
        proxy = access.proxy or _proxy(access.server)
        self._pool = (
            urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
        )

    def list(self, path: str, query: Mapping[str, str], seconds: float) -> Found:
        """Read a list, page after page.

        Args:
            path: of the kind, such as `/api/v1/pods`.
            query: selectors.
            seconds: for all pages together.

        Raises:
            ApiError: it is not to be had, or not in time.
        """
        deadline = Deadline(seconds)
        try:
            return within(deadline, lambda: self._pages(path, query, deadline))
        except TooLateError as error:
            raise NotReachedError(
                f"{self.server} gave no whole answer in {seconds:.0f} s"
            ) from error

    def _pages(self, path: str, query: Mapping[str, str], deadline: Deadline) -> Found:
        objects: list[Object] = []
        more, paged = "", {"limit": str(PAGE)}
        for _ in range(_PAGES):
            try:
                page = self._page(path, {**query, **paged, **_next(more)}, deadline)
            except _ExpiredError:
                # The list changed under us (410, `Expired`): all of it at once, then.
                objects, more, paged = [], "", {}
                continue
            objects += page.objects
            more = page.more
            if not more:
                return Found(objects, page.moment)
        raise ApiError(f"{path} has no end: more than {_PAGES} pages")

    def text(self, path: str, query: Mapping[str, str], seconds: float) -> str:
        """Read what is no JSON: a log.

        Args:
            path: of the log.
            query: which part of it.
            seconds: for it.

        Raises:
            ApiError: it is not to be had, or not in time.
        """
        deadline = Deadline(seconds)
        try:
            answer = within(deadline, lambda: self._get(path, query, deadline))
        except TooLateError as error:
            raise ApiError(f"no whole answer in {seconds:.0f} s") from error
        if answer.kind != "text/plain":
            raise ApiError(f"{path} is no log")
        return answer.body.decode("utf-8", "replace")

    def _page(self, path: str, query: Mapping[str, str], deadline: Deadline) -> _Page:
        answer = self._get(path, query, deadline)
        return self._read(answer.body, path, answer.date)

    def _get(self, path: str, query: Mapping[str, str], deadline: Deadline) -> _Answer:
        left = deadline.left()
        url = f"{self.server}{path}?{urlencode(query)}"
        try:
            response = self._pool.request(
                "GET",
                url,
                headers=self._headers,
                timeout=urllib3.Timeout(connect=left, read=left),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                body = response.read(_ANSWER_BYTES + 1, decode_content=True)
            finally:
                response.release_conn()
        except _ERRORS as error:
            raise self._not_reached(error) from error
        if response.status != HTTPStatus.OK:
            raise self._refusal(response.status, body, path)
        kind = response.headers.get("content-type", "").partition(";")[0]
        return _Answer(body, kind, response.headers.get("date", ""))

    def _read(self, body: bytes, path: str, date: str) -> _Page:
        if len(body) > _ANSWER_BYTES:
            raise ApiError(f"{path}: more than {_ANSWER_BYTES >> 20} MiB on one page")
        try:
            document = json.loads(body)
            objects = items(document)
            meta = document.get("metadata") or {}
            return _Page(objects, str(meta.get("continue") or ""), _moment(date))
        except (ShapeError, ValueError, RecursionError, AttributeError) as error:
            raise NotReachedError(
                f"{self.server} answers, but not as a Kubernetes API: {_shown(body)}"
            ) from error

    def _refusal(self, status: int, body: bytes, path: str) -> ApiError:
        words = _message(body)
        if status == HTTPStatus.UNAUTHORIZED:
            return NotReachedError(
                f"{self.server} does not know who asks (401): the credentials of context"
                f" {self._context!r} are wrong or have expired"
            )
        if status == HTTPStatus.FORBIDDEN:
            return NotAllowedError(words or "forbidden (403)")
        if status == HTTPStatus.NOT_FOUND:
            return ApiError(f"this API does not know {path} (404)")
        if status == HTTPStatus.GONE:
            return _ExpiredError(words or "gone (410)")
        said = words or _shown(body)
        return ApiError(f"{self.server} answers HTTP {status}{f': {said}' if said else ''}")

    def _not_reached(self, error: Exception) -> NotReachedError:
        inner = _root(error)
        where = urlsplit(self.server).netloc.rpartition("@")[2]
        if isinstance(error, theirs.NameResolutionError):
            said = f"the name of {where} cannot be resolved here"
        elif isinstance(error, theirs.ProxyError):
            said = f"the proxy on the way to {where} does not let through: {_words(inner)}"
        elif isinstance(error, theirs.NewConnectionError):  # a TimeoutError, too
            said = f"no connection to {where}: {_words(inner)}"
        elif isinstance(error, theirs.TimeoutError):
            said = f"{where} does not answer: its machine, its port, or the road to it is silent"
        elif isinstance(inner, ssl.SSLError):
            said = f"TLS with {where} fails: {_words(inner)}"
        else:
            said = f"whoever answers at {where} is no API server: {_words(inner)}"
        return NotReachedError(said)


def _next(more: str) -> dict[str, str]:
    return {"continue": more} if more else {}


def _proxy(server: str) -> str:
    """Give the proxy of the environment for an address, as kubectl takes it."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    if host == "localhost" or host.startswith("127.") or urllib.request.proxy_bypass(host):
        return ""
    return urllib.request.getproxies().get(parts.scheme, "")


def _moment(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return None


def _message(body: bytes) -> str:
    """Give the words of a Status (Kubernetes API conventions, "Response Status Kind")."""
    try:
        said = json.loads(body).get("message")
    except (ValueError, RecursionError, AttributeError):
        return ""
    return _plain(str(said)) if said else ""


def _shown(body: bytes) -> str:
    return _plain(body[:80].decode("utf-8", "replace")) or "nothing"


def _plain(text: str) -> str:
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return safe(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}...")


def _root(error: BaseException) -> BaseException:
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return _plain(str(error.args[-1]).partition(" (_ssl.c")[0])
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _plain(str(error)) or type(error).__name__
