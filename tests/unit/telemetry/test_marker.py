"""The late marker's thread, at the moments that no real client can be made to hit."""

import time
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from meshdoctor.telemetry.rpc_server import LateMarker
from tests.support.tally import until

MARKER = (("x-served-by", "shop"),)


class Context:
    """A call that is active when asked and may have ended when the marker is sent."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[object] = []
        self._error = error

    def is_active(self) -> bool:
        """Say yes; the client may leave right after."""
        return True

    def send_initial_metadata(self, metadata: object) -> None:
        """Send, or fail as gRPC does when it is too late."""
        if self._error is not None:
            raise self._error
        self.sent.append(metadata)


def a_call(context: Context) -> Any:  # noqa: ANN401 - what the marker reads of a call
    """Make a call that has just begun."""
    return SimpleNamespace(start=time.perf_counter(), method="a/B", context=context)


@pytest.mark.parametrize("error", [grpc.RpcError(), ValueError("no longer allowed")])
def test_a_call_that_ends_under_the_marker_ends_nothing_else(error: Exception) -> None:
    """The client left, or the handler sent its own: the next call is marked all the same."""
    marker, next_one = LateMarker(MARKER), Context()
    marker.watch(a_call(Context(error)))
    marker.watch(a_call(next_one))

    assert until(lambda: [MARKER] == next_one.sent)


def test_a_call_that_has_ended_is_not_marked() -> None:
    """Quick calls cost a place in a queue and nothing more."""
    marker, quick, slow = LateMarker(MARKER), Context(), Context()
    ended = a_call(quick)
    marker.watch(ended)
    marker.watch(a_call(slow))
    ended.context = None

    assert until(lambda: [MARKER] == slow.sent)
    assert [] == quick.sent
