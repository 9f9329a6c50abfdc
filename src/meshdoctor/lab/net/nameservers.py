"""Name servers in Pods.

NSD stands in for CoreDNS: like it, it is authoritative for `cluster.local` and answers NXDOMAIN
with the zone's SOA for a headless Service without a Pod, over UDP and TCP alike. Every other name
does not exist: that is what CoreDNS would hear of `recommendations.` from the resolver it asks.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from enum import StrEnum
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
_ZONE, _LIST = "cluster.zone", "cluster.list"
_ASK_SECONDS = 0.2
_TELL_SECONDS = 10.0  # milliseconds, but for a busy machine


# Later than what counts as slow; sooner than the 0.5 s after which a lookup tries another server.
_SLOW = "slow:0.45"


class Manner(StrEnum):
    """How name servers answer."""

    ANSWER = "answer"
    SERVFAIL = "servfail"
    SLOW = "slow"
    NXDOMAIN = "nxdomain"


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
        self._records: tuple[str, ...] = ()
        self._manner = Manner.ANSWER

    def furnish(self) -> None:
        """Write what stays the same."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "root.zone").write_text(_ROOT, "utf-8")
        for pod in self.pods:
            for manner, zone in ((Manner.ANSWER, _ZONE), (Manner.SERVFAIL, "absent.zone")):
                text = _configuration(pod.address, self._folder, zone)
                self._file(pod, manner).write_text(text, "utf-8")

    def _file(self, pod: Pod, manner: Manner) -> Path:
        return self._folder / f"{pod.name}-{manner}.conf"

    def program(self, pod: Pod) -> Program:
        """Give the program of a Pod, as it is to answer now."""
        if self._manner is Manner.SLOW:
            command: tuple[str, ...] = (
                *(sys.executable, "-m", "meshdoctor.lab.dnsserver", "--behaviour", _SLOW),
                *("--listen", f"{pod.address}:53", "--records", str(self._folder / _LIST)),
            )
        else:
            # A zone that cannot be read is answered with SERVFAIL.
            broken = self._manner is Manner.SERVFAIL
            manner = Manner.SERVFAIL if broken else Manner.ANSWER
            command = ("nsd", "-d", "-c", str(self._file(pod, manner)))
        return Program(pod.name, command, ready=f"tcp://{pod.address}:53", stop_seconds=2)

    @property
    def running(self) -> tuple[Process, ...]:
        """Their processes, one for each Pod, in their order."""
        return tuple(self._running[pod] for pod in self.pods)

    def started(self, processes: tuple[Process, ...]) -> None:
        """Remember the processes that run, one for each Pod, in their order."""
        self._running = dict(zip(self.pods, processes, strict=True))

    def behave(self, manner: Manner) -> None:
        """Answer so from now on: whoever runs them starts what `program` gives then."""
        self._manner = manner
        self._write()

    def tell(self, records: tuple[str, ...]) -> None:
        """Have them say these records, and no others; returns when they do.

        Args:
            records: of names below `cluster.local`.

        Raises:
            LabError: one of them goes on saying what it said before.
        """
        self._records = records
        self._write()
        if self._manner in {Manner.SLOW, Manner.SERVFAIL}:
            return  # the one reads its list for each query, the other says nothing of it
        for process in self._running.values():
            if process.running:
                os.kill(process.pid, signal.SIGHUP)
        for pod, process in self._running.items():
            self._wait(pod, process)

    def _write(self) -> None:
        self._serial += 1
        head = (
            f"$ORIGIN {DOMAIN}.",
            f"$TTL {_TTL}",
            f"@ IN SOA ns.dns hostmaster {self._serial} {_TIMES}",
            "@ IN NS ns.dns",
        )
        names = () if self._manner is Manner.NXDOMAIN else self._records
        (self._folder / _ZONE).write_text("\n".join((*head, *names, "")), "utf-8")
        (self._folder / _LIST).write_text("\n".join(_listed(self._records)), "utf-8")

    def _wait(self, pod: Pod, process: Process) -> None:
        until = time.monotonic() + _TELL_SECONDS
        while process.running and self._said(pod) != self._serial:
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


def _listed(records: Iterable[str]) -> Iterable[str]:
    """Give the addresses among records as `NAME=IP,IP`."""
    found: dict[str, list[str]] = {}
    for name, _, kind, *words in (each.split() for each in records):
        if kind == "A":
            found.setdefault(f"{name}.{DOMAIN}.", []).extend(words)
    return (f"{name}={','.join(addresses)}" for name, addresses in found.items())


def _configuration(address: str, folder: Path, zone: str) -> str:
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
  zonefile: {zone}
"""
