"""A real registry, Debian's docker-registry, on loopback; `meshdoctor.lab.oci` pushes to it."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import urllib3

from meshdoctor.lab.oci import Registry
from tests.support.lab import free_port
from tests.support.programs import program

USER, PASSWORD = "reader", "right"
_HTPASSWD: Final = "$2b$04$EHRKJcraWO6jVKN4E5LtpO7TEL4HPexQE7HiSHALFJ0NeSqKGWJvW"  # bcrypt of it
_START_SECONDS: Final = 20.0


@contextmanager
def registry(
    folder: Path, *, auth: Mapping[str, Any] | None = None, tls: Mapping[str, str] | None = None
) -> Iterator[Registry]:
    """Run a registry that keeps everything in memory.

    Args:
        folder: for its configuration and its log.
        auth: whom it lets in, as in its configuration; None is everybody.
        tls: its certificate and key, as in its configuration; None is plain HTTP.
    """
    port = free_port()
    config = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"inmemory": {}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", **({"tls": dict(tls)} if tls else {})},
        **({"auth": dict(auth)} if auth else {}),
    }
    path = folder / "registry.yaml"
    path.write_text(json.dumps(config))  # JSON is YAML
    with (folder / "registry.log").open("wb") as log:
        command = (program("docker-registry"), "serve", path)
        child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(port, child, folder / "registry.log")
        yield Registry(f"127.0.0.1:{port}", ca=tls["certificate"] if tls else "")
    finally:
        child.kill()
        child.wait()


@contextmanager
def closed_registry(folder: Path) -> Iterator[Registry]:
    """Run a registry that wants `USER` and `PASSWORD`."""
    passwords = folder / "htpasswd"
    passwords.write_text(f"{USER}:{_HTPASSWD}\n")
    with registry(folder, auth={"htpasswd": {"realm": "tests", "path": str(passwords)}}) as running:
        headers = urllib3.make_headers(basic_auth=f"{USER}:{PASSWORD}")
        yield replace(running, headers=headers)


def _wait(port: int, child: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        assert child.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        try:
            urllib3.util.connection.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
