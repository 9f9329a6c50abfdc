"""The options that the load test adds to Locust's own."""

import os
from argparse import ArgumentTypeError
from pathlib import Path

from locust.argument_parser import LocustArgumentParser

from _shapes import SHAPES, STEADY

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535
SHAPE_HELP = "; ".join(f"{name}: {shape.meaning}" for name, shape in SHAPES.items())


def add_options(parser: LocustArgumentParser, **_: object) -> None:
    """Add our options, and listen on loopback unless told.

    Args:
        parser: Locust's; environment variables and its configuration files still win.
    """
    group = parser.add_argument_group(
        "Bookstore options",
        "Here --web-host and --master-bind-host default to 127.0.0.1: Locust's ports are open to "
        "whoever reaches them.",
    )
    group.add_argument(
        "--shape",
        choices=[STEADY, *SHAPES],
        default=STEADY,
        env_var="MESH_LOAD_SHAPE",
        help=f"{SHAPE_HELP}; {STEADY} (default): as --users, --spawn-rate and --run-time say. "
        "For the others --users is the peak and --run-time the length.",
    )
    group.add_argument(
        "--result",
        type=result_file,
        default="",
        metavar="<filename>",
        env_var="MESH_LOAD_RESULT",
        help="Write what was measured and judged to this JSON file at the end",
    )
    group.add_argument(
        "--metrics-port",
        type=port,
        default=0,
        metavar="<port>",
        env_var="MESH_LOAD_METRICS_PORT",
        help="Show users, requests, failures and latencies to Prometheus at /metrics on this port, "
        "for as long as the process lives; 0 (default): no page. Of a distributed run the master "
        "has the page, with the counts of all workers.",
    )
    group.add_argument(
        "--metrics-host",
        type=host,
        default=LOOPBACK,
        metavar="<host>",
        env_var="MESH_LOAD_METRICS_HOST",
        help=f"Address of that page (default: {LOOPBACK}): whoever reaches it may read it",
    )
    parser.set_defaults(web_host=LOOPBACK, master_bind_host=LOOPBACK)


def result_file(text: str) -> str:
    """Check that the result can be written there, before any load is made.

    Args:
        text: The option's value; it stays a string because Locust sends it to its workers.

    Returns:
        The value.

    Raises:
        ArgumentTypeError: There is no such folder, or nothing can be written to it.
    """
    folder = Path(text).absolute().parent
    if text and not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise ArgumentTypeError(f"cannot write {text}: {folder} is no folder we may write to")
    return text


def port(text: str) -> int:
    """Read a port; an empty value is none.

    Args:
        text: The option's value.

    Returns:
        The port; 0 stands for none.

    Raises:
        ArgumentTypeError: It is no number from 0 to 65535.
    """
    if not text:
        return 0
    if not (text.isdecimal() and int(text) <= HIGHEST_PORT):
        raise ArgumentTypeError(f"{text} is no port: give 1 to {HIGHEST_PORT}, or 0 for no page")
    return int(text)


def host(text: str) -> str:
    """Read an address to listen on; an empty one must not come to mean all of them."""
    return text or LOOPBACK
