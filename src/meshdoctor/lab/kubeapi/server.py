"""The API's HTTP: JSON in and out, and a line for each event to those who watch."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from meshdoctor.lab.kubeapi import logs, routes, verbs, wire
from meshdoctor.lab.kubeapi.refusals import (
    RefusalError,
    bad_request,
    expired,
    unauthorized,
    unknown_path,
)
from meshdoctor.lab.kubeapi.resources import NAMESPACES
from meshdoctor.lab.kubeapi.selectors import matches
from meshdoctor.lab.kubeapi.store import Store

Manifest = dict[str, Any]

_DEFAULT_WATCH_SECONDS = 300.0
_HEALTH = ("/healthz", "/livez", "/readyz")
# An OpenAPI v2 document in Protocol Buffers that is empty, and that takes no bytes. kubectl asks it
# about kinds that version 3 does not have.
_NOTHING_KNOWN = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask, and how.

    Attributes:
        tls: what to speak TLS with; None speaks plain HTTP.
        tokens: the name of the user by bearer token; none asks nobody for one.
        logs: a folder of logs, `POD.log` each; None has no logs.
    """

    tls: ssl.SSLContext | None = None
    tokens: Mapping[str, str] = field(default_factory=dict)
    logs: Path | None = None


_OPEN = Access()


@dataclass(frozen=True, slots=True)
class KubeApi:
    """A Kubernetes API that runs.

    Attributes:
        url: where it listens.
        store: what is in it.
    """

    url: str
    store: Store

    def load(self, path: Path) -> None:
        """Take in the objects of a file as they are: a List of JSON, or documents of YAML."""
        text = path.read_text("utf-8")
        documents = [json.loads(text)] if path.suffix == ".json" else yaml.safe_load_all(text)
        for document in documents:
            for one in document.get("items", [document]):
                self.put(one)

    def put(self, found: Manifest) -> Manifest:
        """Take in one object as it is, without any check."""
        for each in self.store.resources():
            if (each.group_version, each.kind) == (found["apiVersion"], found["kind"]):
                return self.store.put(each, found)
        raise ValueError(f"no such kind: {found['apiVersion']} {found['kind']}")

    def objects(self) -> list[str]:
        """Give the names of everything as `kind namespace/name`, sorted."""
        return sorted(
            f"{each.kind} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}"
            for each in self.store.resources()
            for one in self.store.all(each)
        )


@contextmanager
def kube_api(*namespaces: str) -> Iterator[KubeApi]:
    """Run an API on a free port of loopback.

    Args:
        namespaces: to be there, beside `default` and `kube-system`.
    """
    with serving(("127.0.0.1", 0)) as api:
        for name in ("default", "kube-system", *namespaces):
            _make_namespace(api.store, name)
        yield api


@contextmanager
def serving(
    address: tuple[str, int], access: Access = _OPEN, state: Path | None = None
) -> Iterator[KubeApi]:
    """Run an API.

    Args:
        address: where to listen.
        access: who may ask; anybody, unless told otherwise.
        state: a file of objects that are in it before it answers; None leaves it empty.
    """
    store = Store()
    with _Server(address, store, access) as server:
        scheme = "https" if access.tls else "http"
        api = KubeApi(f"{scheme}://{address[0]}:{server.server_address[1]}", store)
        if state:
            api.load(state)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield api
        finally:
            store.close()
            server.shutdown()
            thread.join()


def _make_namespace(store: Store, name: str) -> None:
    body: Manifest = {"metadata": {"name": name}}
    verbs.create(store, verbs.Call(NAMESPACES, "", "", "", {}, body, ""))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], store: Store, access: Access) -> None:
        self.store = store
        self.access = access
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, client = super().get_request()
        if not self.access.tls:
            return connection, client
        # The handshake waits for the connection's own thread: a client may take its time.
        return self.access.tls.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        ), client

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went, or that speaks no TLS."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go out apart; a client waits 40 ms otherwise
    server: _Server

    @property
    def store(self) -> Store:
        return self.server.store

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
        """Say nothing: a test shows what it needs."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        address = urlsplit(self.path)
        path, query = address.path.rstrip("/"), dict(parse_qsl(address.query))
        try:
            if path in _HEALTH:
                self._send_bytes(HTTPStatus.OK, "text/plain", b"ok")
                return
            self._authenticate()
            if path == "/openapi/v2":
                self._send_nothing()  # an empty protobuf: kubectl asks it about kinds unknown to v3
                return
            resources = self.store.resources()
            found = routes.document(resources, path) if self.command == "GET" else None
            if found is not None:
                self._send(HTTPStatus.OK, found)
                return
            media_type = self.headers.get_content_type()
            call = routes.call(resources, path, query, _parsed(body, media_type), media_type)
            if call.subresource == "log":
                text = logs.tail(self.server.access.logs, self.store, call)
                self._send_bytes(HTTPStatus.OK, "text/plain", text)
            elif self.command == "GET" and query.get("watch") in {"1", "true"}:
                self._watch(call)
            else:
                self._send(*self._done(call))
        except RefusalError as refusal:
            self._send(refusal.code, refusal.status)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _authenticate(self) -> None:
        known = self.server.access.tokens
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if known and (scheme.lower() != "bearer" or token not in known):
            raise unauthorized()

    def _done(self, call: verbs.Call) -> tuple[int, Manifest]:
        match self.command, bool(call.name):
            case "GET", named:
                return 200, (verbs.read if named else verbs.listed)(self.store, call)
            case "POST", False:
                return 201, verbs.create(self.store, call)
            case "PUT", True:
                return 200, verbs.replace(self.store, call)
            case "PATCH", True:
                return 200, verbs.patch(self.store, call)
            case "DELETE", named:
                return 200, (verbs.delete if named else verbs.delete_all)(self.store, call)
        raise unknown_path(self.path)

    def _send(self, code: int, answer: Manifest) -> None:
        self._send_bytes(code, _media_type(answer), json.dumps(answer).encode())

    def _send_bytes(self, code: int, media_type: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_nothing(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _watch(self, call: verbs.Call) -> None:
        if "sendInitialEvents" in call.query:
            raise bad_request("sendInitialEvents is not known here; list and then watch")
        version = int(call.query.get("resourceVersion") or 0)
        if version and not self.store.remembers(version):
            raise expired(version)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for type_, found in _events(self.store, call):
            line = json.dumps({"type": type_, "object": found}).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")


def _events(store: Store, call: verbs.Call) -> Iterator[tuple[str, Manifest]]:
    """Give what a watch is told: everything first when it names no resource version."""
    end = time.monotonic() + float(call.query.get("timeoutSeconds", _DEFAULT_WATCH_SECONDS))
    version = int(call.query.get("resourceVersion") or 0)
    if not version:
        first = verbs.listed(store, call)
        version = int(first["metadata"]["resourceVersion"])
        yield from (("ADDED", one) for one in first["items"])
    while not store.closed and (left := end - time.monotonic()) > 0:
        for event in store.since(version, call.resource, left):
            version = event.version
            where = event.object["metadata"].get("namespace", "")
            if call.namespace in {"", where} and matches(event.object, call.query):
                yield event.type, event.object


def _parsed(body: bytes, media_type: str) -> Manifest:
    if not body:
        return {}
    if media_type == wire.MEDIA_TYPE:
        return wire.decoded(body)
    try:
        # JSON is YAML, and what is applied may be YAML; JSON's own parser is the quicker one.
        found = json.loads(body) if body.startswith(b"{") else yaml.safe_load(body)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"the body cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise bad_request("the body is not an object in JSON or YAML")
    return found


def _media_type(answer: Manifest) -> str:
    if answer.get("kind") == "APIGroupDiscoveryList":
        return "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    return "application/json"
