"""How a kubelet looks at a container: its probes, asked from the node, past every policy.

gRPC health is asked in plain HTTP/2 on a socket of ours: gRPC makes its sockets in threads of its
own, and those are in no node's network.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from meshdoctor.lab.net.spaces import within
from meshdoctor.lab.net.topology import Manifest, Pod

_SERVING = b"\x00\x00\x00\x00\x02\x08\x01"
"""The message of grpc.health.v1 whose status is SERVING, with its length before it."""

_CHUNK = 65536
_FIRST_BAD = 400


async def healthy(probe: Manifest, pod: Pod) -> bool:
    """Ask once.

    Args:
        probe: of a container, `httpGet`, `grpc` or `tcpSocket`, with its `timeoutSeconds`.
        pod: whose; the names of its ports may be in the probe.

    Returns:
        Whether it answered well, and in time.
    """
    try:
        async with asyncio.timeout(probe.get("timeoutSeconds", 1)):
            if "grpc" in probe:
                return await _grpc(pod, probe["grpc"]["port"], probe["grpc"].get("service", ""))
            if "httpGet" in probe:
                wanted = probe["httpGet"]
                return await _http(pod, _number(wanted["port"], pod.ports), wanted["path"])
            async with _connected(pod, _number(probe["tcpSocket"]["port"], pod.ports)):
                return True
    except (TimeoutError, OSError, h2.exceptions.H2Error):
        return False


def _number(port: int | str, names: Mapping[str, int]) -> int:
    return names[port] if isinstance(port, str) else port


@asynccontextmanager
async def _connected(pod: Pod, port: int) -> AsyncIterator[socket.socket]:
    with within(pod.node):
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with connection:
        connection.settimeout(0)
        await asyncio.get_running_loop().sock_connect(connection, (pod.address, port))
        yield connection


async def _http(pod: Pod, port: int, path: str) -> bool:
    loop = asyncio.get_running_loop()
    async with _connected(pod, port) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: {pod.address}\r\nUser-Agent: kube-probe\r\n"
        await loop.sock_sendall(connection, f"{head}Connection: close\r\n\r\n".encode())
        said = b""
        while b"\r\n" not in said:
            if not (more := await loop.sock_recv(connection, _CHUNK)):
                raise ConnectionResetError(errno.ECONNRESET, "it hung up")
            said += more
    status = said.split(b" ", 2)[1]
    return status.isdigit() and int(status) < _FIRST_BAD


async def _grpc(pod: Pod, port: int, service: str) -> bool:
    loop = asyncio.get_running_loop()
    speaker = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    speaker.initiate_connection()
    speaker.send_headers(1, _call(pod, port))
    name = service.encode()
    asked = bytes((0x0A, len(name))) + name if name else b""
    speaker.send_data(1, len(asked).to_bytes(5) + asked, end_stream=True)
    said = b""
    async with _connected(pod, port) as connection:
        while True:
            await loop.sock_sendall(connection, speaker.data_to_send())
            if not (heard := await loop.sock_recv(connection, _CHUNK)):
                return False
            for event in speaker.receive_data(heard):
                if isinstance(event, h2.events.DataReceived):
                    said += event.data
                if isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
                    return said == _SERVING


def _call(pod: Pod, port: int) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/grpc.health.v1.Health/Check"),
        (":authority", f"{pod.address}:{port}"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", "kube-probe"),
    ]
