"""Who one is to an API server: certificates, tokens, and plugins that give either.

A plugin is a program that prints an ExecCredential (kubernetes.io, "Authentication",
client-go credential plugins). It is asked once, and gets no terminal.
"""

import base64
import json
import os
import signal
import ssl
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from meshdoctor.probes.deadline import Deadline
from meshdoctor.probes.kubernetes.kubeconfig import Access, Plugin
from meshdoctor.probes.kubernetes.words import safe

_LONGEST: Final = 200


class IdentityError(Exception):
    """One cannot say who one is; the message says why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a request needs.

    Attributes:
        headers: of every request.
        trust: for TLS, with the client's certificate in it.
    """

    headers: tuple[tuple[str, str], ...] = field(repr=False)
    trust: ssl.SSLContext


def identify(access: Access, deadline: Deadline) -> Identity:
    """Make ready what every request needs; asks a plugin if there is one.

    Args:
        access: what the kubeconfig says.
        deadline: for the plugin.

    Raises:
        IdentityError: the plugin gives nothing, or a certificate is none.
    """
    if access.plugin:
        access = _by_plugin(access, access.plugin, deadline)
    try:
        return Identity(_headers(access), _trust(access))
    except (ssl.SSLError, ValueError) as error:
        raise IdentityError(
            f"context {access.context}: its certificates or key cannot be read"
        ) from error


def _headers(access: Access) -> tuple[tuple[str, str], ...]:
    if access.token:
        return (*access.impersonated, ("Authorization", f"Bearer {access.token}"))
    if access.login:
        pair = base64.b64encode(":".join(access.login).encode()).decode()
        return (*access.impersonated, ("Authorization", f"Basic {pair}"))
    return access.impersonated


def _trust(access: Access) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=access.authorities or None)
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate:
        _load(context, access.certificate, access.key)
    return context


def _load(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # OpenSSL reads both from a file only; this one is nobody else's and is gone at once.
    with tempfile.TemporaryDirectory(prefix="meshdoctor-") as folder:
        path = Path(folder, "client.pem")
        path.touch(0o600)
        path.write_text(f"{certificate}\n{key}", "utf-8")
        context.load_cert_chain(path, password=lambda: "")


def _by_plugin(access: Access, plugin: Plugin, deadline: Deadline) -> Access:
    status = _ask(plugin, deadline)
    token, certificate = status.get("token"), status.get("clientCertificateData")
    key = status.get("clientKeyData")
    if not (token or (certificate and key)):
        raise IdentityError(f"{_shown(plugin)}, which gives credentials, gave none")
    return replace(
        access,
        token=str(token or access.token),
        certificate=str(certificate or access.certificate),
        key=str(key or access.key),
    )


def _ask(plugin: Plugin, deadline: Deadline) -> Mapping[str, Any]:
    name = f"{_shown(plugin)}, which gives credentials,"
    if plugin.interactive:
        raise IdentityError(
            f"{name} wants a terminal: run kubectl get nodes once, and save:"
            " meshdoctor diagnose --from DIR"
        )
    wanted = {"interactive": False, **({"cluster": plugin.told} if plugin.told else {})}
    told = {"apiVersion": plugin.version, "kind": "ExecCredential", "spec": wanted}
    environ = {**os.environ, **plugin.environ, "KUBERNETES_EXEC_INFO": json.dumps(told)}
    try:
        code, out, said = _run(plugin.command, environ, deadline.left())
    except subprocess.TimeoutExpired as error:
        raise IdentityError(f"{name} did not answer within {error.timeout:.0f} s") from error
    except OSError as error:
        hint = f": {' '.join(plugin.hint.split())}" if plugin.hint else ""
        raise IdentityError(f"{name} cannot be started ({error.strerror}){hint}") from error
    if code:
        raise IdentityError(f"{name} failed with exit code {code}{_said(said)}")
    with suppress(ValueError, AttributeError):
        status = json.loads(out).get("status")
        if isinstance(status, dict):
            return status
    raise IdentityError(f"{name} printed no ExecCredential")


def _run(
    command: Sequence[str], environ: Mapping[str, str], seconds: float
) -> tuple[int, bytes, bytes]:
    """Run a program, and end it with all that it started when its time is over, or ours."""
    with subprocess.Popen(  # noqa: S603 - the kubeconfig's own command, as kubectl runs it
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            out, said = process.communicate(timeout=seconds)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, out, said


def _shown(plugin: Plugin) -> str:
    return Path(plugin.command[0]).name


def _said(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    words = "".join(one if one.isprintable() else " " for one in lines[-1]) if lines else ""
    return f": {safe(words[:_LONGEST].strip())}" if words else ""
