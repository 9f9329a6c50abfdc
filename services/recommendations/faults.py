"""Faults on demand, to see how callers cope: late answers and failed ones.

They sit around the servicer alone. Health, reflection and metrics stay as they are, because a
backend that is slow or wrong while its probes say "well" is the case worth rehearsing. Without a
setting for it there is no such layer at all.
"""

import random
import time
from dataclasses import dataclass

import grpc

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from bookstore.recommendations.v1 import recommendations_pb2_grpc as pb_grpc
from recommendations.servicer import RecommendationsServicer


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What goes wrong: each call waits `delay` seconds, then fails with chance `error_ratio`."""

    delay: float = 0.0
    error_ratio: float = 0.0

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        return self.delay > 0 or self.error_ratio > 0


class FaultyServicer(pb_grpc.RecommendationsServiceServicer):
    """A servicer that is late or wrong on purpose, around one that is neither."""

    def __init__(self, inner: RecommendationsServicer, plan: FaultPlan) -> None:
        """Wrap `inner`."""
        self._inner = inner
        self._plan = plan

    def GetRecommendations(  # noqa: N802 - the contract's spelling
        self, request: pb.GetRecommendationsRequest, context: grpc.ServicerContext
    ) -> pb.GetRecommendationsResponse:
        """Wait, then fail or pass the call on.

        A failure is INTERNAL, the status of a server with a bug, and unlike UNAVAILABLE none that
        clients are told to retry (grpc/grpc doc/statuscodes.md).
        """
        time.sleep(self._plan.delay)
        if random.random() < self._plan.error_ratio:  # noqa: S311 - no secret hangs on it
            context.abort(grpc.StatusCode.INTERNAL, "injected fault")
        return self._inner.GetRecommendations(request, context)
