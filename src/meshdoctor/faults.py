"""The one vocabulary: every fault this project can name, and every cause one failed call can tell.

A fault is what is broken in the cluster. A cause is what a single call, or a single lookup, can
know about its own failure: sometimes that is the fault itself, often it only narrows the faults
down. Metric labels, verdicts, alerts, runbook anchors and lab scenarios all use these codes.

Codes are retired, never reused. Standard library only: everything else stands on this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

RUNBOOK: Final = "https://github.com/meshdoctor/meshdoctor/blob/main/docs/runbook.md"
"""Where what to do is written down, a section for each fault."""


class Layer(StrEnum):
    """Where a fault lives, from the image up to the handler."""

    IMAGE = "image"
    NETWORK = "network"
    ROUTING = "routing"
    DNS = "dns"
    TLS = "tls"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can be broken.

    Attributes:
        code: the word used everywhere, kebab case, starting with its layer.
        layer: the layer to repair.
        meaning: one line for a tired person.
        fix: what to do, one line.
    """

    code: str
    layer: Layer
    meaning: str
    fix: str


@dataclass(frozen=True, slots=True)
class Cause:
    """What one failed call or lookup can tell by itself.

    Attributes:
        code: the value of the metric label `cause`.
        meaning: one line.
        faults: codes of the faults that look like this from inside one call; empty when the caller
            or the mesh itself decided the outcome.
    """

    code: str
    meaning: str
    faults: tuple[str, ...] = ()


def runbook(code: str) -> str:
    """Return the address of a fault's section in the runbook.

    Args:
        code: a key of `FAULTS`.
    """
    return f"{RUNBOOK}#{code}"


def _faults(layer: Layer, *rows: tuple[str, str, str]) -> tuple[Fault, ...]:
    return tuple(Fault(f"{layer}-{name}", layer, meaning, fix) for name, meaning, fix in rows)


_ALL: Final = (
    *_faults(
        Layer.IMAGE,
        (
            "platform-missing",
            "the image's index has no entry for the node's platform, so the pull fails",
            "build and push with --platform linux/amd64,linux/arm64",
        ),
        (
            "platform-wrong",
            "a single manifest of another platform pulls, then dies with exec format error",
            "push an index of all platforms under the tag",
        ),
        (
            "config-mismatch",
            "the index or config blob promises one platform, the image holds another",
            "no build stage may end on the build platform; rebuild and push",
        ),
        ("tag-missing", "the tag is not in the registry", "push the tag or correct the manifest"),
        (
            "registry-refuses",
            "the registry asks for credentials that the node does not give",
            "create the pull secret and name it in imagePullSecrets",
        ),
        (
            "registry-unreachable",
            "the registry cannot be reached from the node",
            "check the node's route, proxy and DNS to the registry",
        ),
    ),
    *_faults(
        Layer.NETWORK,
        (
            "overlay-blocked",
            "packets of the Pod overlay are dropped between nodes",
            "allow the overlay's protocol between the nodes (VXLAN: udp/4789)",
        ),
        (
            "nodes-blocked",
            "all traffic between nodes is dropped",
            "add the self-referencing rule to the nodes' security group",
        ),
        (
            "one-way",
            "packets between two nodes pass in one direction only",
            "make the rules of both nodes the same",
        ),
        (
            "large-packets",
            "large packets between nodes vanish, small ones pass",
            "lower the overlay's MTU below the network's",
        ),
        (
            "policy-dns",
            "a network policy drops the Pod's DNS queries",
            "allow egress to cluster DNS, port 53, UDP and TCP",
        ),
        (
            "policy-app",
            "a network policy drops calls to the application's port",
            "allow the caller to reach the port in the policy",
        ),
    ),
    *_faults(
        Layer.ROUTING,
        (
            "clusterip-gone",
            "Service addresses answer nothing while Pod addresses do",
            "restart kube-proxy on the node and read its log",
        ),
        (
            "no-endpoints",
            "the Service selects no ready Pod",
            "make the Service's selector match the Pods' labels",
        ),
        (
            "wrong-target-port",
            "the Service sends to a port on which nobody listens",
            "set targetPort to the container's port",
        ),
    ),
    *_faults(
        Layer.DNS,
        ("refused", "nobody listens on the DNS server's port", "restart CoreDNS"),
        (
            "timeout",
            "DNS queries get no answer",
            "check the path to CoreDNS (node to node first), then CoreDNS",
        ),
        ("servfail", "the DNS server answers SERVFAIL", "read CoreDNS' log and Corefile"),
        ("slow", "DNS answers arrive late", "scale CoreDNS; check its upstream"),
        ("nxdomain", "the name does not exist", "correct the target's name or create the Service"),
        ("udp-lost", "DNS over UDP is lost while TCP works", "allow udp/53 on the whole path"),
    ),
    *_faults(
        Layer.TLS,
        ("expired", "the certificate is past its date", "renew the leaf certificate"),
        ("untrusted", "the issuer is not trusted by the peer", "give both sides the same CA"),
    ),
    *_faults(
        Layer.APP,
        ("down", "no process listens on the application's port", "read why the Pods ended"),
        ("hung", "the process accepts calls and never answers", "dump its threads, restart it"),
        ("slow", "answers come later than the callers' deadline", "profile or scale the service"),
        ("erroring", "the handler answers with an error", "read the service's log by trace id"),
        ("overloaded", "the service sheds load", "scale the service or lower its callers' rate"),
        ("crash-loop", "the process ends soon after each start", "read the previous log"),
    ),
)

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType({fault.code: fault for fault in _ALL})
"""Every fault by its code, in the order of the layers."""

_SILENT_PATH = (
    "network-overlay-blocked",
    "network-nodes-blocked",
    "network-one-way",
    "network-policy-app",
    "routing-clusterip-gone",
)

_CAUSES: Final = (
    Cause(
        "dns-timeout",
        "name resolution got no answer",
        (
            "dns-timeout",
            "dns-udp-lost",
            "dns-slow",
            "network-policy-dns",
            "network-overlay-blocked",
            "network-nodes-blocked",
            "network-one-way",
            "routing-clusterip-gone",
        ),
    ),
    # CoreDNS denies the name of a headless Service without a ready Pod (kubernetes/dns, DNS-Based
    # Service Discovery 2.4.1); other servers answer it without an address.
    Cause("dns-nxdomain", "the name does not exist", ("dns-nxdomain", "routing-no-endpoints")),
    Cause("dns-no-address", "the name has no address", ("routing-no-endpoints",)),
    Cause("dns-servfail", "the DNS server failed", ("dns-servfail",)),
    Cause("dns-refused", "the DNS server cannot be reached or refuses", ("dns-refused",)),
    Cause(
        "connect-refused",
        "the address answers that nobody listens",
        ("app-down", "app-crash-loop", "routing-wrong-target-port"),
    ),
    Cause("connect-timeout", "the address is silent", (*_SILENT_PATH, "app-hung")),
    Cause(
        "connect-lost",
        "an open connection broke",
        # A server that misses a client certificate hangs up without a word.
        ("app-down", "app-crash-loop", "tls-untrusted"),
    ),
    Cause("tls-handshake", "the TLS handshake failed", ("tls-expired", "tls-untrusted")),
    Cause(
        "app-deadline",
        "the handler, or a peer that accepts connections, was too late",
        ("app-slow", "app-hung"),
    ),
    Cause("app-error", "the handler answered with an error", ("app-erroring",)),
    Cause("app-overloaded", "the server sheds load", ("app-overloaded",)),
    Cause("app-draining", "the server is going away or not serving", ("app-down",)),
    Cause("breaker-open", "no backend was thought able to answer, so none was asked"),
    Cause("caller-error", "the request itself was wrong"),
    Cause("cancelled", "the caller gave up"),
    Cause("unknown", "nothing known fits; the original text is in the log"),
)

CAUSES: Final[Mapping[str, Cause]] = MappingProxyType({cause.code: cause for cause in _CAUSES})
"""Every cause by its code."""
