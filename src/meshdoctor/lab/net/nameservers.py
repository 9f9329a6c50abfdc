"""Name servers in Pods.

NSD stands in for CoreDNS: like it, it is authoritative for `cluster.local` and answers NXDOMAIN
with the zone's SOA for a headless Service without a Pod, over UDP and TCP alike. Every other name
does not exist: that is what CoreDNS would hear of `recommendations.` from the resolver it asks.
"""

import os
import signal
import time
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.spaces import within
from meshdoctor.lab.net.topology import DOMAIN, Pod
from meshdoctor.lab.processes import Process, Program

_TTL = 5  # seconds, as CoreDNS gives cluster names
_TIMES = "7200 1800 86400 5"
_ROOT = f". {_TTL} IN SOA nobody. nobody. 1 {_TIMES}\n. {_TTL} IN NS nobody.\n"
_ASK_SECONDS = 0.2
_TELL_SECONDS = 10.0  # milliseconds, but for a busy machine


class NameServers:
    """The name servers of a cluster; all say the same."""

    def __init__(self, pods: tuple[Pod, ...], folder: Path) -> None:
        """Prepare them.

        Args:
            pods: where they run.
            folder: for their zones and what they keep while they work.
        """
        self.pods = pods
        self._folder = folder
        self._running: dict[Pod, Process] = {}
        self._serial = 0

    def furnish(self) -> None:
        """Write what stays the same."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "root.zone").write_text(_ROOT, "utf-8")
        for pod in self.pods:
            text = _configuration(pod.address, self._folder)
            (self._folder / f"{pod.name}.conf").write_text(text, "utf-8")

    def program(self, pod: Pod) -> Program:
        """Give the program of a Pod."""
        command = ("nsd", "-d", "-c", str(self._folder / f"{pod.name}.conf"))
        return Program(pod.name, command, ready=f"tcp://{pod.address}:53", stop_seconds=2)

    def started(self, processes: tuple[Process, ...]) -> None:
        """Remember the processes that run, one for each Pod, in their order."""
        self._running = dict(zip(self.pods, processes, strict=True))

    def tell(self, records: tuple[str, ...]) -> None:
        """Have them say these records, and no others; returns when they do.

        Args:
            records: of names below `cluster.local`.

        Raises:
            LabError: one of them goes on saying what it said before.
        """
        self._serial += 1
        head = (
            f"$ORIGIN {DOMAIN}.",
            f"$TTL {_TTL}",
            f"@ IN SOA ns.dns hostmaster {self._serial} {_TIMES}",
            "@ IN NS ns.dns",
        )
        (self._folder / "cluster.zone").write_text("\n".join((*head, *records, "")), "utf-8")
        for process in self._running.values():
            os.kill(process.pid, signal.SIGHUP)
        for pod in self._running:
            self._wait(pod)

    def _wait(self, pod: Pod) -> None:
        until = time.monotonic() + _TELL_SECONDS
        while self._said(pod) != self._serial:
            if time.monotonic() > until:
                raise LabError(f"{pod.name} did not read its zone within {_TELL_SECONDS:g} s")
            time.sleep(0.005)

    def _said(self, pod: Pod) -> int:
        """Ask, in its own Pod, for the number of the zone that a server has."""
        query = dns.message.make_query(f"{DOMAIN}.", dns.rdatatype.SOA)
        try:
            with within(pod.name):
                answer = dns.query.udp(query, pod.address, timeout=_ASK_SECONDS)
        except (OSError, dns.exception.DNSException):
            return 0
        return int(answer.answer[0][0].serial) if answer.answer else 0


def _configuration(address: str, folder: Path) -> str:
    return f"""server:
  ip-address: {address}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  xfrdir: "{folder}"
  pidfile: ""
  database: ""
  xfrdfile: ""
  zonelistfile: ""
  server-count: 1
  round-robin: yes
  minimal-responses: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: root.zone
zone:
  name: "{DOMAIN}"
  zonefile: cluster.zone
"""
