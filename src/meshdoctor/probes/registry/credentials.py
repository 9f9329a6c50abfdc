"""Whom the user is to a registry, out of Docker's configuration.

The file is `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`
(https://docs.docker.com/reference/cli/docker/login/#credential-stores): `auths` holds names and
secrets; `credHelpers` and `credsStore` name programs that hold them.
"""

import base64
import binascii
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from meshdoctor.probes.deadline import Deadline
from meshdoctor.probes.registry.reference import HUB

_HUB_KEY: Final = "https://index.docker.io/v1/"
_IS_TOKEN: Final = "<token>"  # noqa: S105 - Docker's word for "what follows is a token"


class CredentialsError(Exception):
    """Docker's configuration cannot be read, or a helper failed; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials for one registry; what is secret is not shown.

    Attributes:
        source: where they come from, for people.
        user: a name; "" when there is only a token.
        secret: the password.
        token: an identity token, to be changed for an access token (OAuth 2).
    """

    source: str
    user: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def config_path(environ: Mapping[str, str]) -> Path:
    """Return where Docker's configuration is."""
    folder = environ.get("DOCKER_CONFIG")
    return Path(folder or Path(environ.get("HOME", "/"), ".docker")) / "config.json"


def login_for(host: str, path: Path, deadline: Deadline) -> Login | None:
    """Find the credentials of a registry.

    Args:
        host: the registry as in an image's name, with its port.
        path: Docker's configuration; it need not be there.
        deadline: for a helper's answer.

    Returns:
        The credentials; None when there are none.

    Raises:
        CredentialsError: the file is broken, or a helper that it names failed.
        TooLateError: a helper is late.
    """
    config = _read(path)
    helper = _mapping(config, "credHelpers").get(host) or config.get("credsStore")
    if isinstance(helper, str) and (found := _ask(helper, _key(host), deadline)):
        return found
    for key, value in _mapping(config, "auths").items():
        if _host_of(key) == host and isinstance(value, dict):
            return _from_file(value, path, host)
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CredentialsError(f"Docker's configuration {path} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise CredentialsError(f"Docker's configuration {path} is no object of JSON")
    return config


def _mapping(config: dict[str, Any], key: str) -> dict[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _key(host: str) -> str:
    return _HUB_KEY if host == HUB else host


def _host_of(key: str) -> str:
    """Return the registry that a key means: `https://host/v1/`, `host/v2` and `host` are one."""
    host = urlsplit(key if "//" in key else f"//{key}").netloc
    return HUB if host in {"index.docker.io", "registry-1.docker.io"} else host


def _from_file(entry: dict[str, Any], path: Path, host: str) -> Login | None:
    source = str(path)
    if token := entry.get("identitytoken"):
        return Login(source, token=str(token))
    try:
        told = base64.b64decode(str(entry.get("auth") or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CredentialsError(f"{path}: `auth` of {host} is no base64 text") from error
    user, _, secret = told.partition(":")
    user, secret = str(entry.get("username") or user), str(entry.get("password") or secret)
    return Login(source, user, secret.rstrip("\0")) if user else None


def _ask(helper: str, key: str, deadline: Deadline) -> Login | None:
    """Ask a program (https://github.com/docker/docker-credential-helpers, command `get`)."""
    program = f"docker-credential-{helper}"
    if helper != Path(helper).name:
        raise CredentialsError(f"{program!r} is no name of a program")
    try:
        done = subprocess.run(  # noqa: S603 - the user's own configuration names it
            (program, "get"),
            input=key,
            capture_output=True,
            text=True,
            timeout=deadline.left(),
            check=False,
            env=os.environ,
        )
    except subprocess.TimeoutExpired as error:
        raise CredentialsError(f"{program} gave no answer in time") from error
    except OSError as error:
        raise CredentialsError(f"{program} cannot be run: {error.strerror}") from error
    if done.returncode:
        if "not found" in done.stdout + done.stderr:
            return None
        raise CredentialsError(f"{program} failed: {(done.stderr or done.stdout).strip()[:200]}")
    return _from_helper(done.stdout, program)


def _from_helper(text: str, program: str) -> Login:
    try:
        told = json.loads(text)
        user, secret = str(told["Username"]), str(told["Secret"])
    except (ValueError, TypeError, KeyError) as error:
        raise CredentialsError(f"{program} answers no credentials") from error
    return Login(program, token=secret) if user == _IS_TOKEN else Login(program, user, secret)
