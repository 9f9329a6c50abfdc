"""The options that the load test adds to Locust's own."""

import os
from argparse import ArgumentTypeError
from pathlib import Path

from locust.argument_parser import LocustArgumentParser

from _shapes import SHAPES, STEADY

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
    parser.set_defaults(web_host="127.0.0.1", master_bind_host="127.0.0.1")


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
