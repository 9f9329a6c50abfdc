"""What Calico was told, as far as it decides what nodes send each other.

Read from objects in YAML or JSON: the operator's Installation, Calico's IPPool and
FelixConfiguration, alone, as documents of one file or as a List (`kubectl get ... -o yaml`).
Fields: https://docs.tigera.io/calico/latest/reference/installation/api and
https://docs.tigera.io/calico/latest/reference/resources/
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_network
from typing import Any, Final


class Encapsulation(StrEnum):
    """What a Pod's packet travels in from node to node."""

    VXLAN = "vxlan"
    VXLAN_CROSS_SUBNET = "vxlan-cross-subnet"
    IPIP = "ipip"
    IPIP_CROSS_SUBNET = "ipip-cross-subnet"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Pool:
    """Addresses of Pods.

    Attributes:
        encapsulation: what packets between them travel in.
        cidr: the addresses; "" when unknown.
    """

    encapsulation: Encapsulation
    cidr: str = ""


@dataclass(frozen=True, slots=True)
class Calico:
    """What decides what nodes send each other.

    Attributes:
        pools: the pools; empty when nobody said.
        bgp: whether nodes tell each other routes by BGP; None when nobody said.
        typha: whether Typha stands between the nodes and the API; None when nobody said.
        wireguard: whether packets between nodes are encrypted.
        vxlan_port: the UDP port of VXLAN.
        wireguard_port: the UDP port of WireGuard.
    """

    pools: tuple[Pool, ...] = ()
    bgp: bool | None = None
    typha: bool | None = None
    wireguard: bool = False
    vxlan_port: int = 4789
    wireguard_port: int = 51820


_MODES: Final = {
    ("vxlan", "Always"): Encapsulation.VXLAN,
    ("vxlan", "CrossSubnet"): Encapsulation.VXLAN_CROSS_SUBNET,
    ("ipip", "Always"): Encapsulation.IPIP,
    ("ipip", "CrossSubnet"): Encapsulation.IPIP_CROSS_SUBNET,
}
_WORDS: Final = {
    "VXLAN": Encapsulation.VXLAN,
    "VXLANCrossSubnet": Encapsulation.VXLAN_CROSS_SUBNET,
    "IPIP": Encapsulation.IPIP,
    "IPIPCrossSubnet": Encapsulation.IPIP_CROSS_SUBNET,
    "None": Encapsulation.NONE,
}


class CalicoError(Exception):
    """The file does not say what was hoped for; the text says what, and what to do."""


def read_calico(text: str, name: str) -> Calico:
    """Read a file of Calico's objects.

    Args:
        text: its content, YAML or JSON.
        name: of the file, for the errors.

    Raises:
        CalicoError: it is no such file, or says no encapsulation.
    """
    import yaml  # noqa: PLC0415 - with the command alone

    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CalicoError(f"{name} is no YAML: {' '.join(str(error).split())}") from error
    calico = Calico()
    try:
        for one in _objects(documents):
            calico = _with(calico, one)
    except _ShapeError as error:
        raise CalicoError(f"{name}: {error}") from error
    if not calico.pools:
        raise CalicoError(
            f"{name} says no encapsulation: wanted is the Installation with its ipPools, or the"
            " pools themselves (kubectl get ippools -o yaml)"
        )
    return calico


class _ShapeError(Exception):
    """A field has another shape than Calico gives it; the text says what."""


def _objects(documents: list[Any]) -> Iterator[dict[str, Any]]:
    for one in documents:
        if isinstance(one, dict) and isinstance(one.get("items"), list):
            yield from _objects(one["items"])
        elif isinstance(one, dict):
            yield one


def _with(calico: Calico, told: dict[str, Any]) -> Calico:
    spec = _dict(told.get("spec"), "spec")
    match told.get("kind"):
        case "Installation":
            return _installed(calico, _dict(spec.get("calicoNetwork"), "calicoNetwork"))
        case "IPPool":
            return replace(calico, pools=(*calico.pools, _pool(spec)))
        case "FelixConfiguration":
            return _felix(calico, spec)
        case _:
            return calico


def _installed(calico: Calico, network: dict[str, Any]) -> Calico:
    listed = network.get("ipPools") or []
    if not isinstance(listed, list):
        raise _ShapeError("ipPools is no list")
    pools = [_named(_dict(one, "a pool")) for one in listed]
    # The operator always runs Typha; BGP is on unless it is switched off.
    return replace(
        calico,
        pools=(*calico.pools, *pools),
        bgp=network.get("bgp", "Enabled") != "Disabled",
        typha=True,
    )


def _named(pool: dict[str, Any]) -> Pool:
    word = pool.get("encapsulation")
    if word not in _WORDS:
        raise _ShapeError(
            f"a pool's encapsulation is {word!r}, not one of {', '.join(_WORDS)};"
            " the pools of the cluster say theirs (kubectl get ippools -o yaml)"
        )
    return Pool(_WORDS[word], _cidr(pool))


def _pool(spec: dict[str, Any]) -> Pool:
    modes = {kind: spec.get(f"{kind}Mode") or "Never" for kind in ("vxlan", "ipip")}
    chosen = [(kind, mode) for kind, mode in modes.items() if mode != "Never"]
    if not chosen:
        return Pool(Encapsulation.NONE, _cidr(spec))
    if chosen[0] not in _MODES:
        raise _ShapeError(f"a pool's {chosen[0][0]}Mode is {chosen[0][1]!r}")
    return Pool(_MODES[chosen[0]], _cidr(spec))


def _felix(calico: Calico, spec: dict[str, Any]) -> Calico:
    return replace(
        calico,
        wireguard=spec.get("wireguardEnabled") is True,
        vxlan_port=_port(spec, "vxlanPort", calico.vxlan_port),
        wireguard_port=_port(spec, "wireguardListeningPort", calico.wireguard_port),
    )


def _port(spec: dict[str, Any], key: str, default: int) -> int:
    port = spec.get(key, default)
    if not isinstance(port, int) or not 0 < port < 1 << 16:
        raise _ShapeError(f"{key} is {port!r}, no port")
    return port


def _cidr(told: dict[str, Any]) -> str:
    try:
        return str(ip_network(told.get("cidr", ""), strict=False))
    except ValueError as error:
        raise _ShapeError(f"a pool's cidr is {told.get('cidr')!r}") from error


def _dict(told: object, what: str) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise _ShapeError(f"{what} is missing")
    return told
