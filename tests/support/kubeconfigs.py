"""Kubeconfig files for tests."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def kubeconfig(
    folder: Path, server: str, user: Mapping[str, Any] | None = None, **cluster: object
) -> Path:
    """Write a kubeconfig with one context.

    Args:
        folder: where to.
        server: address of the API.
        user: who one is; nobody without.
        cluster: what else the file says of the cluster.
    """
    path = folder / "kubeconfig"
    path.write_text(json.dumps(named("loopback", server, user, **cluster)), "utf-8")
    return path


def named(
    name: str, server: str, user: Mapping[str, Any] | None = None, **cluster: object
) -> dict[str, Any]:
    """Give a kubeconfig that calls everything in it by one name."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": server, **cluster}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "users": [{"name": name, "user": user or {}}],
    }
