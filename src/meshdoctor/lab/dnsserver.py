"""A stand-in for cluster DNS as a process: real packets over UDP and TCP (RFC 1035, RFC 7766).

`python -m meshdoctor.lab.dnsserver --listen 127.0.0.1:10053 --record NAME=IP,IP`

With `--behaviour-file` the file is read anew for each query: write `servfail` into it and the
running server fails from then on, remove it and the server behaves as `--behaviour` says. A file of
`--records` is read anew likewise, a `NAME=IP,IP` on each line.
"""

import argparse
import socketserver
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from meshdoctor.lab.dnsanswers import (
    BEHAVIOURS,
    Behaviour,
    Records,
    Responder,
    parse_behaviour,
    parse_record,
)

_IDLE_SECONDS = 10.0

Respond = Callable[[bytes], bytes | None]


class _Datagram(socketserver.DatagramRequestHandler):
    """One UDP query."""

    server: "UdpServer"

    def handle(self) -> None:
        packet, socket = self.request
        if response := self.server.respond(packet):
            socket.sendto(response, self.client_address)

    def finish(self) -> None:
        """Send nothing more: the base class would send an empty packet in place of silence."""


class _Connection(socketserver.StreamRequestHandler):
    """One TCP connection, any number of queries, each with its length before it."""

    server: "TcpServer"
    timeout = _IDLE_SECONDS

    def handle(self) -> None:
        while packet := self._read():
            if response := self.server.respond(packet):
                self.wfile.write(struct.pack("!H", len(response)) + response)

    def _read(self) -> bytes:
        try:
            (length,) = struct.unpack("!H", self.rfile.read(2))
            return self.rfile.read(length)
        except (OSError, struct.error):  # idle for too long, reset, or closed
            return b""


class UdpServer(socketserver.ThreadingUDPServer):
    """A thread a query, so that a slow answer delays no other."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], respond: Respond) -> None:
        self.respond = respond
        super().__init__(address, _Datagram)


class TcpServer(socketserver.ThreadingTCPServer):
    """A thread a connection."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], respond: Respond) -> None:
        self.respond = respond
        super().__init__(address, _Connection)


class BehaviourFile:
    """The behaviour that a file names now; while it does not exist, `otherwise`."""

    def __init__(self, path: Path, otherwise: Behaviour) -> None:
        self._path = path
        self._otherwise = otherwise

    def __call__(self) -> Behaviour:
        """Read it; what cannot be understood is told on stderr and counts as absent."""
        try:
            return parse_behaviour(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return self._otherwise
        except (OSError, ValueError) as error:
            print(f"{self._path}: {error}", file=sys.stderr, flush=True)
            return self._otherwise


class RecordsFile:
    """The records that a file names now."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> Records:
        """Read it; what cannot be read has no records."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
            return dict(parse_record(line) for line in lines if line)
        except (OSError, ValueError) as error:
            print(f"{self._path}: {error}", file=sys.stderr, flush=True)
            return {}


def main() -> None:
    """Serve until a signal ends the process."""
    options = _options()
    current: Callable[[], Behaviour] = lambda: options.behaviour  # noqa: E731
    if options.behaviour_file:
        current = BehaviourFile(options.behaviour_file, options.behaviour)
    fixed = dict(options.record)
    records = RecordsFile(options.records) if options.records else lambda: fixed

    def respond(packet: bytes) -> bytes | None:
        return Responder(records(), current).respond(packet)

    with (
        UdpServer(options.listen, respond) as udp,
        TcpServer(options.listen, respond) as tcp,
    ):
        threading.Thread(target=udp.serve_forever, daemon=True).start()
        tcp.serve_forever()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m meshdoctor.lab.dnsserver", description=__doc__)
    parser.add_argument("--listen", type=_address, required=True, metavar="IP:PORT")
    parser.add_argument("--record", type=parse_record, action="append", default=[])
    parser.add_argument("--records", type=Path, metavar="FILE", help="in place of --record")
    parser.add_argument(
        "--behaviour", type=parse_behaviour, default=Behaviour(), help=", ".join(BEHAVIOURS)
    )
    parser.add_argument("--behaviour-file", type=Path, metavar="FILE")
    return parser.parse_args()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    main()
