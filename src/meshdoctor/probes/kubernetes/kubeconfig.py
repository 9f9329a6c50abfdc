"""Which API server to ask, and who one is to it: kubeconfig files as kubectl reads them.

Several files are one, of which the first word on a thing counts, and a path in a file is relative
to that file (kubernetes.io, "Organizing Cluster Access Using kubeconfig Files").
"""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

_USUAL: Final = "~/.kube/config"
_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LIBYAML: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class KubeconfigError(ValueError):
    """There is no way to an API server; the message says what is missing and where."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A program that is asked for credentials (client.authentication.k8s.io).

    Attributes:
        command: and its arguments.
        environ: what it gets beside our own environment.
        version: of the language that it speaks.
        interactive: whether it always wants a terminal.
        told: what it is told of the cluster; nothing unless it asks for that.
        hint: what to do when it is not installed.
    """

    command: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    version: str
    interactive: bool = False
    told: Mapping[str, Any] | None = field(default=None, repr=False)
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """An API server, and who one is to it.

    Attributes:
        server: its address.
        context: under which name it was found.
        authorities: certificates in PEM that vouch for it; "" for those of this machine.
        insecure: whether nobody has to vouch for it.
        server_name: to be found in its certificate; "" for the host of its address.
        proxy: to go through; "" for what the environment says.
        certificate: of the client, in PEM.
        key: of that certificate, in PEM.
        token: of the bearer.
        login: user and password.
        plugin: to ask for certificate and key, or for a token.
        impersonated: headers by which one is somebody else.
    """

    server: str
    context: str = ""
    authorities: str = field(default="", repr=False)
    insecure: bool = False
    server_name: str = ""
    proxy: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)
    plugin: Plugin | None = None
    impersonated: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one file says under one name."""

    said: Mapping[str, Any]
    folder: Path

    def text(self, key: str) -> str:
        return str(self.said.get(key) or "")

    def pem(self, key: str) -> str:
        """Give a certificate or a key: written here, or in a file that is named."""
        if data := self.text(f"{key}-data"):
            return base64.b64decode(data, validate=True).decode()
        return self.file(key)

    def file(self, key: str) -> str:
        name = self.text(key)
        return (self.folder / Path(name).expanduser()).read_text("utf-8") if name else ""


@dataclass(slots=True)
class _Merged:
    current: str = ""
    named: dict[tuple[str, str], _Entry] = field(default_factory=dict)

    def add(self, path: Path, said: Mapping[str, Any]) -> None:
        self.current = self.current or str(said.get("current-context") or "")
        for plural, one in (("clusters", "cluster"), ("contexts", "context"), ("users", "user")):
            for each in said.get(plural) or ():
                entry = _Entry(each.get(one) or {}, path.resolve().parent)
                self.named.setdefault((one, str(each["name"])), entry)

    def get(self, kind: str, name: str) -> _Entry:
        if found := self.named.get((kind, name)):
            return found
        known = ", ".join(sorted(one for what, one in self.named if what == kind)) or "none"
        raise KubeconfigError(f"kubeconfig has no {kind} {name!r}; it has: {known}")


def find_access(
    file: Path | None, context: str, environ: Mapping[str, str], account: Path = _ACCOUNT
) -> Access:
    """Find the API server that is meant.

    Args:
        file: the only kubeconfig to read; None for what KUBECONFIG names, then `~/.kube/config`,
            then, in a Pod, the ServiceAccount.
        context: of the kubeconfig; "" for its current one.
        environ: has KUBECONFIG, and in a Pod the API's address.
        account: where a Pod finds its ServiceAccount.

    Raises:
        KubeconfigError: there is none, or it is damaged.
    """
    paths = _paths(file, environ)
    if not paths and (host := environ.get("KUBERNETES_SERVICE_HOST")) and not context:
        return _of_pod(host, environ.get("KUBERNETES_SERVICE_PORT", "443"), account)
    if not paths:
        raise KubeconfigError(
            "no kubeconfig: neither --kubeconfig nor KUBECONFIG nor ~/.kube/config leads to a file."
            " Without a way to the API, judge what kubectl printed elsewhere: --from DIR"
        )
    merged = _Merged()
    try:
        for path in paths:
            merged.add(path, _read(path))
        return _access(merged, context or merged.current)
    except OSError as error:
        raise KubeconfigError(f"{error.filename}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, KubeconfigError):
            raise
        said = type(error).__name__  # its words may quote a key
        raise KubeconfigError(f"{paths[0]}: no sound kubeconfig ({said})") from error


def _paths(file: Path | None, environ: Mapping[str, str]) -> Sequence[Path]:
    if file is not None:
        return (file,)
    named = [one for one in environ.get("KUBECONFIG", "").split(os.pathsep) if one]
    usual = Path(_USUAL.replace("~", environ.get("HOME", "~"), 1)).expanduser()
    # Like kubectl: of several, those that are not there are passed over.
    return [path for path in map(Path, named or (usual,)) if path.exists()]


def _read(path: Path) -> Mapping[str, Any]:
    try:
        said = yaml.load(path.read_text("utf-8"), Loader=_LIBYAML)  # noqa: S506 - a safe loader
    except OSError as error:
        raise KubeconfigError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KubeconfigError(f"{path}: no YAML") from error
    if not isinstance(said, dict):
        raise KubeconfigError(f"{path}: no kubeconfig")
    return said


def _access(merged: _Merged, context: str) -> Access:
    if not context:
        raise KubeconfigError(
            "kubeconfig has no current context: kubectl config use-context NAME, or --context NAME"
        )
    place = merged.get("context", context)
    cluster = merged.get("cluster", place.text("cluster"))
    user = merged.get("user", place.text("user")) if place.text("user") else _Entry({}, Path())
    server = cluster.text("server").rstrip("/")
    if not server.startswith(("https://", "http://")):
        raise KubeconfigError(f"context {context!r}: {server!r} is no address of an API server")
    if user.said.get("auth-provider"):
        raise KubeconfigError(
            f"context {context!r}: auth-provider is gone since Kubernetes 1.26; use an exec plugin"
        )
    name, password = user.text("username"), user.text("password")
    return Access(
        server,
        context,
        authorities=cluster.pem("certificate-authority"),
        insecure=bool(cluster.said.get("insecure-skip-tls-verify")),
        server_name=cluster.text("tls-server-name"),
        proxy=cluster.text("proxy-url"),
        certificate=user.pem("client-certificate"),
        key=user.pem("client-key"),
        token=(user.file("tokenFile") or user.text("token")).strip(),
        login=(name, password) if name else None,
        plugin=_plugin(user, cluster) if user.said.get("exec") else None,
        impersonated=tuple(_impersonated(user)),
    )


def _impersonated(user: _Entry) -> list[tuple[str, str]]:
    """Give the headers of the Kubernetes documentation, "User impersonation"."""
    found = [("Impersonate-User", user.text("as"))] if user.said.get("as") else []
    return found + [("Impersonate-Group", str(one)) for one in user.said.get("as-groups") or ()]


def _plugin(user: _Entry, cluster: _Entry) -> Plugin:
    said = user.said["exec"]
    command = str(said["command"])
    if os.sep in command:
        command = str(user.folder / command)
    told = {
        "server": cluster.text("server"),
        "certificate-authority-data": cluster.text("certificate-authority-data"),
    }
    return Plugin(
        (command, *map(str, said.get("args") or ())),
        {str(one["name"]): str(one["value"]) for one in said.get("env") or ()},
        str(said["apiVersion"]),
        said.get("interactiveMode") == "Always",
        told if said.get("provideClusterInfo") else None,
        str(said.get("installHint") or "").strip(),
    )


def _of_pod(host: str, port: str, account: Path) -> Access:
    shown = f"[{host}]" if ":" in host else host
    try:
        return Access(
            f"https://{shown}:{port}",
            "the ServiceAccount of this Pod",
            authorities=(account / "ca.crt").read_text("utf-8"),
            token=(account / "token").read_text("utf-8").strip(),
        )
    except OSError as error:
        raise KubeconfigError(f"{error.filename}: {error.strerror}") from error
