"""The lab's own way to the Kubernetes API: objects in and out, from where visitors are."""

import http.client
import json
import ssl
import threading
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlsplit

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.kubeapi.resources import BUILT_IN, Resource

Manifest = dict[str, Any]

MERGE: Final = "application/merge-patch+json"
_JSON: Final = "application/json"
_SECONDS = 5.0


class ApiError(LabError):
    """The API refused, or could not be asked.

    Attributes:
        code: of HTTP; 0 when there was no answer.
    """

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        super().__init__(text)


class ApiClient:
    """Asks one API. Threads may share it: each has a connection of its own."""

    def __init__(self, server: str, authority: str, token: str) -> None:
        """Connect to nobody yet.

        Args:
            server: its URL.
            authority: who vouches for it, in PEM.
            token: of the user.
        """
        place = urlsplit(server)
        self._place = (place.hostname or "", place.port or 443)
        self._tls = ssl.create_default_context(cadata=authority)
        self._head = {"Authorization": f"Bearer {token}"}
        self._own = threading.local()
        self._open: list[http.client.HTTPSConnection] = []

    def close(self) -> None:
        """Hang up; nobody may be asking."""
        while self._open:
            self._open.pop().close()

    def get(self, kind: str, name: str, namespace: str = "") -> Manifest:
        """Read an object; raises `ApiError`, with code 404 when there is none."""
        return self._ask("GET", _path(_resource(kind), namespace, name))

    def items(self, kind: str, namespace: str = "") -> list[Manifest]:
        """Read all objects of a kind, everywhere or in a namespace; raises `ApiError`."""
        found: list[Manifest] = self._ask("GET", _path(_resource(kind), namespace))["items"]
        return found

    def put(self, found: Manifest) -> None:
        """Put an object, with its status, in the place of the one that is there, or of none.

        Raises:
            ApiError: it cannot be.
        """
        resource, meta = _resource(found["kind"]), found["metadata"]
        namespace = meta.get("namespace", "")
        path = _path(resource, namespace, meta["name"])
        try:
            self._ask("PUT", path, found)
        except ApiError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            self._ask("POST", _path(resource, namespace), found)
        if "status" in found and "status" in resource.subresources:
            self._ask("PUT", f"{path}/status", found)

    def patch(self, kind: str, name: str, change: Manifest, namespace: str = "") -> None:
        """Change parts of an object, by a JSON merge patch (RFC 7386); raises `ApiError`.

        Its status is changed apart from everything else, as by a kubelet.
        """
        path = _path(_resource(kind), namespace, name)
        if spec := {key: value for key, value in change.items() if key != "status"}:
            self._ask("PATCH", path, spec, MERGE)
        if "status" in change:
            self._ask("PATCH", f"{path}/status", {"status": change["status"]}, MERGE)

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object; raises `ApiError`."""
        self._ask("DELETE", _path(_resource(kind), namespace, name))

    def _ask(
        self, method: str, path: str, body: Manifest | None = None, media_type: str = _JSON
    ) -> Manifest:
        sent = json.dumps(body).encode() if body is not None else None
        head = {**self._head, "Content-Type": media_type}
        try:
            connection = self._connection()
            connection.request(method, path, sent, head)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._hang_up()
            raise ApiError(0, f"the Kubernetes API does not answer: {error}") from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ApiError(answer.status, f"the Kubernetes API refused: {told.get('message')}")
        return dict(told)

    def _connection(self) -> http.client.HTTPSConnection:
        found: http.client.HTTPSConnection | None = getattr(self._own, "connection", None)
        if not found:
            found = http.client.HTTPSConnection(*self._place, timeout=_SECONDS, context=self._tls)
            self._own.connection = found
            self._open.append(found)
        return found

    def _hang_up(self) -> None:
        found: http.client.HTTPSConnection | None = getattr(self._own, "connection", None)
        if found:
            found.close()
            self._open.remove(found)
            self._own.connection = None


def _resource(kind: str) -> Resource:
    return next(one for one in BUILT_IN if one.kind == kind)


def _path(resource: Resource, namespace: str, name: str = "") -> str:
    where = f"/namespaces/{namespace}" if namespace else ""
    what = f"/{quote(name)}" if name else ""
    return f"{resource.prefix}{where}/{resource.plural}{what}"
