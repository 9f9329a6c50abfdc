"""How a gRPC server says it is: `grpc.health.v1.Health/Check`, the server as a whole.

One call on a connection of its own. h2 speaks HTTP/2: for a call whose request is empty and whose
answer is one number, grpcio would need five times the memory (docs/adr/0027). What is sent and
read: gRPC over HTTP2 (grpc/grpc, doc/PROTOCOL-HTTP2.md) and the gRPC health checking protocol
(doc/health-checking.md).
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from meshdoctor.agent.probes.trial import ToldError, connected
from meshdoctor.probes.mesh.evidence import Answer

_NO_MESSAGE: Final = bytes(5)
_TYPE: Final = 3  # which byte of a frame
_SETTINGS: Final = b"\x04"  # the first frame of every server (RFC 9113, 3.4)
_CHUNK: Final = 16 * 1024
_LONGEST: Final = 64 * 1024
_OK, _UNIMPLEMENTED = "0", "12"
_SERVING: Final = b"\x08\x01"  # field 1, the number 1
_STATES: Final = {b"": "UNKNOWN", b"\x08\x02": "NOT_SERVING", b"\x08\x03": "SERVICE_UNKNOWN"}


async def check_health(address: str) -> None:
    """Ask a gRPC server how it is; one that answers without telling its health is well.

    Args:
        address: `host:port`, without TLS.

    Raises:
        ToldError: it is not well, or no gRPC server is there.
        OSError: no connection came about, or it broke.
        EOFError: the other side hung up.
    """
    async with connected(address) as connection:
        call = _Call(address)
        try:
            await _exchange(connection, call)
        except h2.exceptions.H2Error as error:
            raise ToldError(Answer.ODD, f"it speaks no gRPC: {error}") from error
    _judge(call)


async def _exchange(connection: socket.socket, call: "_Call") -> None:
    loop = asyncio.get_running_loop()
    heard = 0
    while not call.done:
        await loop.sock_sendall(connection, call.to_send())
        piece = await loop.sock_recv(connection, _CHUNK)
        heard += len(piece)
        if not piece:
            raise EOFError("it hung up before the end of its answer")
        if heard > _LONGEST:
            raise ToldError(Answer.ODD, f"it says more than {_LONGEST} bytes about its health")
        if heard == len(piece) and piece[_TYPE : _TYPE + 1] not in {b"", _SETTINGS}:
            raise ToldError(Answer.ODD, f"it speaks no gRPC: it begins with {piece[:16]!r}")
        call.take(piece)


def _judge(call: "_Call") -> None:
    status = call.headers.get("grpc-status")
    if status is None:
        code = call.headers.get(":status", "none")
        raise ToldError(Answer.ODD, f"it speaks no gRPC: HTTP/2, status {code}")
    if status == _UNIMPLEMENTED:
        return
    if status != _OK:
        said = call.headers.get("grpc-message", "")
        raise ToldError(Answer.ODD, f"its health ends with grpc-status {status} {said}".strip())
    message = bytes(call.body[len(_NO_MESSAGE) :])
    if message != _SERVING:
        raise ToldError(Answer.NOT_SERVING, f"it says {_STATES.get(message, 'nothing known')}")


@dataclass(slots=True)
class _Call:
    """The client's side of one call, without the socket.

    Attributes:
        address: for the header `:authority`.
        headers: of the answer, those behind its body included.
        body: of the answer.
        done: whether the answer is whole.
    """

    address: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    done: bool = False
    _http2: h2.connection.H2Connection = field(init=False)

    def __post_init__(self) -> None:
        self._http2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        )
        self._http2.initiate_connection()
        self._http2.send_headers(1, _request(self.address).items())
        self._http2.send_data(1, _NO_MESSAGE, end_stream=True)

    def to_send(self) -> bytes:
        """Give what is to be sent now."""
        return self._http2.data_to_send()

    def take(self, piece: bytes) -> None:
        """Take what the server says.

        Args:
            piece: in order.

        Raises:
            ToldError: it ends the call before its end.
            H2Error: it is no HTTP/2.
        """
        for event in self._http2.receive_data(piece):
            if isinstance(event, h2.events.ResponseReceived | h2.events.TrailersReceived):
                self.headers.update({str(key): str(value) for key, value in event.headers})
            elif isinstance(event, h2.events.DataReceived):
                self.body += event.data
            elif isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated):
                raise ToldError(Answer.LOST, f"it ended the call: error {event.error_code}")
            self.done = self.done or isinstance(event, h2.events.StreamEnded)


def _request(address: str) -> Mapping[str, str]:
    return {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Check",
        ":authority": address,
        "te": "trailers",
        "content-type": "application/grpc",
        "user-agent": "meshdoctor-agent",
    }
