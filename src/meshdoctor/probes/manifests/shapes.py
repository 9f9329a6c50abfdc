"""Shapes of those specs that are kept whole: what has passed here can be read without looking."""

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any, Final

Spec = Mapping[str, Any]


class SpecError(ValueError):
    """A field has another shape than Kubernetes gives it; the text says which."""


def require(kind: str, spec: object) -> dict[str, Any]:
    """Return a spec whose shape is known.

    Args:
        kind: of its object.
        spec: as it is written.

    Raises:
        SpecError: it has another shape.
    """
    found = _dict(spec, "spec")
    _OF_KIND[kind](found)
    return found


def selector(told: object, where: str) -> None:
    """Require a label selector.

    Args:
        told: as it is written; None is none.
        where: for the error.

    Raises:
        SpecError: it has another shape.
    """
    found = _dict(told, where)
    _amounts(found, "matchLabels")
    for one in _list(found, "matchExpressions"):
        if not isinstance(one.get("values") or [], list):
            raise SpecError(f"values of {where} is no list")


def _policy(spec: Spec) -> None:
    selector(spec.get("podSelector"), "podSelector")
    if not isinstance(spec.get("policyTypes") or [], list):
        raise SpecError("policyTypes is no list")
    for way, side in (("ingress", "from"), ("egress", "to")):
        for rule in _list(spec, way):
            for peer in _list(rule, side):
                _peer(peer)
            for port in _list(rule, "ports"):
                _port(port)


def _peer(peer: Spec) -> None:
    for name in ("podSelector", "namespaceSelector"):
        selector(peer.get(name), name)
    if "ipBlock" in peer:
        block = _dict(peer["ipBlock"], "ipBlock")
        for one in (block.get("cidr"), *(block.get("except") or ())):
            try:
                ip_network(str(one))
            except ValueError as error:
                raise SpecError(f"{one!r} is no range of addresses") from error


def _port(port: Spec) -> None:
    for name in ("port", "endPort"):
        if not isinstance(port.get(name), (int, str, type(None))):
            raise SpecError(f"{name} is {port[name]!r}")
    if "endPort" in port and not all(isinstance(port.get(one), int) for one in ("port", "endPort")):
        raise SpecError("endPort needs numbers")


def _quota(spec: Spec) -> None:
    _amounts(spec, "hard")


def _range(spec: Spec) -> None:
    for one in _list(spec, "limits"):
        for name in ("max", "min", "default", "defaultRequest"):
            _amounts(one, name)


def _dict(told: object, where: str) -> dict[str, Any]:
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise SpecError(f"{where} is {told!r}")
    return told


def _list(spec: Spec, name: str) -> list[dict[str, Any]]:
    found = spec.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise SpecError(f"{name} is no list of fields")
    return found


def _amounts(spec: Spec, name: str) -> None:
    found = _dict(spec.get(name), name)
    if any(isinstance(one, (dict, list)) for one in found.values()):
        raise SpecError(f"{name} has something else than texts and numbers")


_OF_KIND: Final[dict[str, Callable[[Spec], None]]] = {
    "NetworkPolicy": _policy,
    "ResourceQuota": _quota,
    "LimitRange": _range,
}
