"""Pod Security Standards, level `restricted`, over one Pod.

The rules are those of https://kubernetes.io/docs/concepts/security/pod-security-standards/,
baseline included; what the API server's admission would say, without an API server.
"""

from collections.abc import Iterator
from typing import Any

from tests.support.manifests import Manifest

_VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
    *("persistentVolumeClaim", "projected", "secret"),
}
_SYSCTLS = {
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies"),
    *("net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"),
    *("net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time"),
    *("net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"),
    *("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
}
_SECCOMP = {"RuntimeDefault", "Localhost"}
_SELINUX = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def violations(pod: Manifest) -> list[str]:
    """Give what `restricted` forbids in a Pod (or a Pod template), one sentence each."""
    spec = pod["spec"]
    own = spec.get("securityContext", {})
    containers = [
        one
        for kind in ("initContainers", "containers", "ephemeralContainers")
        for one in spec.get(kind, ())
    ]
    return [
        *_of_the_pod(pod, own),
        *(f"{one['name']}: {what}" for one in containers for what in _of_a_container(one, own)),
    ]


def _of_the_pod(pod: Manifest, own: Manifest) -> Iterator[str]:
    spec = pod["spec"]
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield f"{name} is true"
    for volume in spec.get("volumes", ()):
        yield from (f"volume of type {kind}" for kind in set(volume) - {"name"} - _VOLUMES)
    for sysctl in own.get("sysctls", ()):
        if sysctl["name"] not in _SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    for name, value in pod.get("metadata", {}).get("annotations", {}).items():
        if "apparmor.security.beta" in name and not value.startswith(("runtime/", "localhost/")):
            yield f"AppArmor {value}"
    yield from _of_any(own)


def _of_a_container(container: Manifest, pods: Manifest) -> Iterator[str]:
    own = container.get("securityContext", {})
    yield from _of_any(own)
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if own.get("procMount") not in {None, "Default"}:
        yield "procMount is not Default"
    if not _first(own, pods, "runAsNonRoot"):
        yield "runAsNonRoot is not true"
    if (_first(own, pods, "seccompProfile") or {}).get("type") not in _SECCOMP:
        yield "seccompProfile is neither RuntimeDefault nor Localhost"
    capabilities = own.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", ()):
        yield "capabilities: ALL is not dropped"
    if extra := set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield f"capabilities: {', '.join(sorted(extra))} added"
    if any(port.get("hostPort") for port in container.get("ports", ())):
        yield "hostPort"
    yield from _hosts(container)


def _of_any(context: Manifest) -> Iterator[str]:
    """What a Pod and a container say in the same words."""
    if context.get("runAsUser") == 0:
        yield "runAsUser is 0"
    if context.get("seccompProfile", {}).get("type") == "Unconfined":
        yield "seccompProfile is Unconfined"
    if context.get("appArmorProfile", {}).get("type") == "Unconfined":
        yield "appArmorProfile is Unconfined"
    selinux = context.get("seLinuxOptions", {})
    if selinux.get("type") not in _SELINUX or selinux.get("user") or selinux.get("role"):
        yield "seLinuxOptions"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess"


def _hosts(container: Manifest) -> Iterator[str]:
    """Probes and hooks that name a host may reach what the Pod may not."""
    hooks = container.get("lifecycle", {})
    for handler in (*map(container.get, _PROBES), hooks.get("postStart"), hooks.get("preStop")):
        for kind in ("httpGet", "tcpSocket"):
            if handler and handler.get(kind, {}).get("host"):
                yield f"{kind} names a host"


def _first(own: Manifest, pods: Manifest, name: str) -> Any:  # noqa: ANN401 - whatever it is
    return own[name] if name in own else pods.get(name)
