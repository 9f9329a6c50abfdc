"""A server with TLS, for clients that must decide whom to believe."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.tokens import certificate


@contextmanager
def tls_server(
    folder: Path, body: bytes, authority: Path | None = None
) -> Iterator[tuple[str, Path]]:
    """Run a server that answers every GET alike.

    Args:
        folder: for its certificate, which signs itself.
        body: of every answer, JSON.
        authority: that must vouch for clients; None lets everybody in.

    Yields:
        Its address, and the certificate to believe.
    """
    path, key = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    if authority:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}", path
        finally:
            server.shutdown()
            serving.join()
