"""A process in a Pod or on a node: its network, its names, its resolver, and the machine's files.

Like a container's, but for its root: /etc/resolv.conf and /etc/hosts are its own, mounted over the
machine's in a mount namespace of its own; every other file is the machine's.
"""

from collections.abc import Mapping
from pathlib import Path

from meshdoctor.lab.net.spaces import NAMES
from meshdoctor.lab.net.topology import DNS_ADDRESS, DOMAIN, Topology

_ENTRY = """
mount --bind "$0/resolv.conf" "$(readlink -f /etc/resolv.conf)"
mount --bind "$0/hosts" /etc/hosts
if [ -d "$0/account" ]; then
  account="$(readlink -f /var/run)/secrets/kubernetes.io/serviceaccount"
  mkdir -p "$account"
  mount --bind "$0/account" "$account"
fi
if [ -e /etc/nsswitch.conf ]; then mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf; fi
hostname "$1"
export HOSTNAME="$1"
shift
exec "$@"
"""
_ORDER = "hosts: files dns\n"  # as images of containers have it: no resolver of the machine's own


def furnish(topology: Topology, folder: Path) -> None:
    """Write the files of every place.

    Args:
        topology: the places.
        folder: each gets a folder of its name in there.
    """
    for node in topology.nodes:
        # The kubelet gives Pods of the host's network the host's resolver; here that knows nothing.
        _write(folder / node.name, "", f"{node.address} {node.name}\n")
    for pod in topology.pods:
        search = " ".join((f"{pod.namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN))
        resolver = f"nameserver {DNS_ADDRESS}\nsearch {search}\noptions {' '.join(pod.options)}\n"
        _write(folder / pod.name, resolver, f"{pod.address} {pod.name}\n")


def _write(folder: Path, resolver: str, host: str) -> None:
    folder.mkdir(parents=True)
    (folder / "resolv.conf").write_text(resolver, "utf-8")
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{host}", "utf-8")
    (folder / "nsswitch.conf").write_text(_ORDER, "utf-8")


def give_account(place: str, folder: Path, files: Mapping[str, str]) -> None:
    """Write the files of a Pod's service account.

    Args:
        place: the name of the Pod.
        folder: that `furnish` wrote into.
        files: their text by name.
    """
    account = folder / place / "account"
    account.mkdir(exist_ok=True)
    for name, text in files.items():
        (account / name).write_text(text, "utf-8")


def entering(place: str, folder: Path, command: tuple[str, ...]) -> tuple[str, ...]:
    """Give the command that enters a place and then becomes `command`, under the same process id.

    Args:
        place: the name of a Pod or a node.
        folder: that `furnish` wrote into.
        command: the program and its arguments.
    """
    rooms = ("nsenter", f"--net={NAMES / place}", "unshare", "--mount", "--uts")
    return (*rooms, "sh", "-ec", _ENTRY, str(folder / place), place, *command)
