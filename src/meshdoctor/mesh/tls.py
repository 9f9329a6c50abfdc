"""Mutual TLS from files that change while the process runs: nobody restarts for a certificate.

A thread looks at the files every second. New ones are used for connections that are made from then
on; what cannot be used is told once, and the last good pair stays. What is checked of a peer, both
ways: it holds the key of a certificate that is not out of date, from a CA of ours, made for its
side (server or client, RFC 5280 4.2.1.12). The client also checks that the certificate has the
name of the target that it calls; the server's check of names is `tlscallers`.
"""

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Final

import grpc
from structlog.typing import FilteringBoundLogger

from meshdoctor.mesh.tlsfiles import TlsFileError, TlsFiles, TlsPair, load_pair

_LOOK_SECONDS: Final = 1.0
_GREETING_SECONDS: Final = 0.5


class TlsWatch:
    """Keeps the last good pair of files that may change.

    Args:
        files: where they are.
        logger: told of each change, and of what cannot be used.

    Raises:
        TlsFileError: there is no good pair to begin with.
    """

    def __init__(self, files: TlsFiles, logger: FilteringBoundLogger | None = None) -> None:
        self._files = files
        self._logger = logger
        self._stamp = files.stamp()
        self._trouble = ""
        self._closed = threading.Event()
        self.pair: TlsPair = files.read()
        """The last good one."""

    def start(self, looked: Callable[[bool], None]) -> None:
        """Look at the files each second, in a thread that `close` ends.

        Args:
            looked: called after each look with whether there is a new pair.
        """

        def run() -> None:
            while not self._closed.wait(_LOOK_SECONDS):
                looked(self.look())

        threading.Thread(target=run, name="tls", daemon=True).start()

    def look(self) -> bool:
        """Read the files if they have changed; return whether there is a new good pair."""
        stamp = self._files.stamp()
        if stamp == self._stamp and not self._trouble:
            return False
        try:
            pair = self._files.read()
        except TlsFileError as error:
            pair, trouble = self.pair, str(error)
        else:
            trouble = ""
        if stamp != self._files.stamp():
            return False  # they are just being changed; the next look tells
        self._stamp = stamp
        changed, self.pair = pair != self.pair, pair
        self._tell(trouble, changed=changed)
        return changed

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()

    def _tell(self, trouble: str, *, changed: bool) -> None:
        if self._logger is not None:
            if trouble and trouble != self._trouble:
                self._logger.warning("tls.kept", reason=trouble)
            if changed:
                self._logger.info("tls.renewed", certificate=str(self._files.certificate))
        self._trouble = trouble


class ServerTls:
    """TLS of a server that asks every client for a certificate; TLS 1.2 at least, as gRPC does.

    It belongs to the server that it is given to, and is closed with it.

    Args:
        files: the server's.
        logger: told of each change, and of what cannot be used.

    Raises:
        TlsFileError: the files cannot be used.
    """

    def __init__(self, files: TlsFiles, logger: FilteringBoundLogger | None = None) -> None:
        self._watch = TlsWatch(files, logger)
        self._shown = self._watch.pair

    def start(self) -> grpc.ServerCredentials:
        """Return credentials whose certificates are asked for anew by each connection."""
        self._watch.start(lambda _changed: None)
        return grpc.dynamic_ssl_server_credentials(
            _configuration(self._shown),
            self._fetch,  # type: ignore[arg-type]  # None is the documented answer to "any news?"
            require_client_authentication=True,
        )

    def close(self) -> None:
        """Stop looking at the files."""
        self._watch.close()

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        if self._watch.pair is self._shown:
            return None  # in gRPC's words: go on with what you have
        self._shown = self._watch.pair
        return _configuration(self._shown)


class ClientTls:
    """TLS of a client that shows a certificate.

    It belongs to the channel that it is given to, and is closed with it.

    Args:
        files: the client's.
        logger: told of each change, and of what cannot be used.

    Raises:
        TlsFileError: the files cannot be used.
    """

    def __init__(self, files: TlsFiles, logger: FilteringBoundLogger | None = None) -> None:
        self._watch = TlsWatch(files, logger)
        self._logger = logger

    def start(self, looked: Callable[[bool], None]) -> None:
        """Look at the files from now on; `looked` is told each time whether they are new."""
        self._watch.start(looked)

    def credentials(self) -> grpc.ChannelCredentials:
        """Return credentials of the newest good pair."""
        pair = self._watch.pair
        return grpc.ssl_channel_credentials(pair.ca, pair.key, pair.certificate)

    def pending(self, addresses: tuple[str, ...]) -> None:
        """Tell which backends cannot be reached with the new pair, so that the old one is used."""
        if self._logger is not None and addresses:
            self._logger.warning("tls.pending", addresses=addresses)

    def greets(self, connection: socket.socket) -> bool:
        """Tell whether the peer of a fresh connection goes through with TLS, as far as one can see.

        A server that does not take the client's certificate hangs up without a word, and in
        TLS 1.3 after the client has finished (RFC 8446 4.4.2.4, E.1). One that takes it speaks
        first (RFC 9113 3.4). A server that says nothing is not to be blamed on TLS.
        """
        try:
            connection.settimeout(_GREETING_SECONDS)
            with self._context().wrap_socket(connection) as secure:
                return secure.recv(1) != b""
        except TimeoutError:
            return True
        except OSError:  # all of ssl's errors are
            return False

    def close(self) -> None:
        """Stop looking at the files."""
        self._watch.close()

    def _context(self) -> ssl.SSLContext:
        pair = self._watch.pair
        context = ssl.create_default_context(cadata=pair.ca.decode("ascii"))
        context.check_hostname = False  # gRPC says that one itself, in words
        context.set_alpn_protocols(["h2"])
        load_pair(context, pair)
        return context


def _configuration(pair: TlsPair) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pair.key, pair.certificate)], pair.ca)
