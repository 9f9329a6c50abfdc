"""What containers printed, as far as somebody keeps it in a folder."""

from pathlib import Path

from meshdoctor.lab.kubeapi import verbs
from meshdoctor.lab.kubeapi.refusals import bad_request
from meshdoctor.lab.kubeapi.store import Store

_DEFAULT_LINES = 1000


def tail(folder: Path | None, store: Store, call: verbs.Call) -> bytes:
    """Give the end of a Pod's log, what it printed before its last restart included.

    Args:
        folder: has `POD.log` of each Pod.
        store: where the Pod is an object.
        call: for its `log`; `tailLines` of its query is heeded.

    Raises:
        RefusalError: there is no such Pod, or `tailLines` is no number.
    """
    verbs.read(store, call)
    lines = call.query.get("tailLines", str(_DEFAULT_LINES))
    if not lines.isdecimal():
        raise bad_request("tailLines must be a number")
    path = folder / f"{call.name}.log" if folder else None
    if not path or not path.is_file() or not int(lines):
        return b""
    return b"".join(path.read_bytes().splitlines(keepends=True)[-int(lines) :])
