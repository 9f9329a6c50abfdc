"""`python -m marketplace`: read the settings, open the port, let one worker process answer."""

import socket
import sys
from contextlib import ExitStack

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from marketplace.settings import MarketplaceSettings
from meshdoctor.settings import EXIT_USAGE, settings_or_exit


def main() -> int:
    """Serve until SIGTERM or SIGINT; requests in flight finish."""
    settings = settings_or_exit(MarketplaceSettings)
    if (why := settings.tls_trouble() or _unusable(settings)) is not None:
        sys.stderr.write(f"{why}\n")
        return EXIT_USAGE
    Server(
        "marketplace.worker:load",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,  # exemplars need one process; more Pods, not more workers
        blocking_threads=settings.threads,
        http=HTTPModes.http1,
        # A visitor who sends a header a minute must not hold a connection for ever.
        http1_settings=HTTP1Settings(header_read_timeout=5_000, max_buffer_size=16 * 1024),
        workers_kill_timeout=10,
        log_enabled=False,
    ).serve()
    return 0


def _unusable(settings: MarketplaceSettings) -> str | None:
    ports = [("MARKETPLACE", settings.host, settings.port)]
    if settings.metrics:
        ports.append(("MARKETPLACE_METRICS", settings.metrics_host, settings.metrics_port))
    with ExitStack() as held:  # all at once, so that two settings cannot name one port
        for name, host, port in ports:
            try:
                _listen(held.enter_context(socket.socket(_family(host))), host, port)
            except OSError as error:
                why = f"Cannot listen on {host}:{port}: {error.strerror}."
                return f"{why} Set {name}_PORT or {name}_HOST."
    return None


def _listen(on: socket.socket, host: str, port: int) -> None:
    # As granian does it; socket.create_server would add its own words to the error.
    on.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    on.bind((host, port))
    on.listen()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


if __name__ == "__main__":
    sys.exit(main())
