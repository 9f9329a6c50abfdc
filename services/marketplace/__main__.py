"""`python -m marketplace`: read the settings, open the port, let one worker process answer."""

import socket
import sys

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from marketplace.settings import MarketplaceSettings
from meshdoctor.settings import EXIT_USAGE, settings_or_exit


def main() -> int:
    """Serve until SIGTERM or SIGINT; requests in flight finish."""
    settings = settings_or_exit(MarketplaceSettings)
    for name, host, port in (
        ("MARKETPLACE_PORT", settings.host, settings.port),
        ("MARKETPLACE_METRICS_PORT", settings.metrics_host, settings.metrics_port),
    ):
        if (why := _unusable(host, port)) is not None:
            sys.stderr.write(f"Cannot listen on {host}:{port}: {why}. Set {name}.\n")
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


def _unusable(host: str, port: int) -> str | None:
    try:
        with socket.create_server((host, port), family=_family(host)):
            return None
    except OSError as error:
        return error.strerror


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


if __name__ == "__main__":
    sys.exit(main())
