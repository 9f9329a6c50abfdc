"""What the tests of the lab share."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from meshdoctor.lab.settings import LabSettings


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def state(pid: int) -> str:
    """The letter of a process's state (proc(5)); "" when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    return state(pid) not in {"", "Z", "X"}


def eventually(condition: Callable[[], bool], seconds: float = 3.0) -> bool:
    """Whether it comes true in time."""
    until = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < until:
        time.sleep(0.02)
    return true


def lab_settings(**changed: object) -> LabSettings:
    """Settings whose addresses no other test worker uses, with the usual ports."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    net = f"127.0.{100 + worker}"
    values: dict[str, object] = {
        "host": f"{net}.1",
        "recommendations_hosts": (f"{net}.11", f"{net}.12", f"{net}.13"),
        "sampling": 1.0,
        **changed,
    }
    return LabSettings.model_validate(values)
