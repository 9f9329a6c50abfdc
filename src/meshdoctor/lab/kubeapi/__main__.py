"""The API as a process, until a signal ends it.

`python -m meshdoctor.lab.kubeapi --listen HOST:PORT --tls CERTIFICATE KEY --tokens FILE --state
FILE --logs DIR`: the objects of the state are there from the start, as they are.
"""

import argparse
import json
import signal
import ssl
import threading
from collections.abc import Sequence
from pathlib import Path

from meshdoctor.lab.kubeapi.server import Access, serving


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = _options(arguments)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    tokens = json.loads(options.tokens.read_text("utf-8")) if options.tokens else {}
    access = Access(_tls(options.tls), tokens, options.logs)
    with serving(options.listen, access, options.state):
        while not over.wait(3600):  # a wait without an end would hear no signal
            pass


def _tls(files: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    if not files:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m meshdoctor.lab.kubeapi", description=__doc__)
    parser.add_argument("--listen", type=_address, required=True, metavar="HOST:PORT")
    parser.add_argument("--tls", type=Path, nargs=2, metavar=("CERTIFICATE", "KEY"))
    parser.add_argument("--tokens", type=Path, metavar="FILE", help="users by token, in JSON")
    parser.add_argument("--state", type=Path, metavar="FILE", help="objects, in JSON or YAML")
    parser.add_argument("--logs", type=Path, metavar="DIR", help="POD.log of each Pod")
    return parser.parse_args(arguments)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    main()
