"""How a client makes its calls, in one frozen object."""

from collections.abc import Collection
from dataclasses import dataclass, field

from meshdoctor.mesh.breaker import BreakerPolicy


@dataclass(frozen=True, slots=True)
class MeshPolicy:
    """How calls are made.

    Attributes:
        deadline_seconds: the time of a call that brings no `timeout=` of its own.
        second_try_seconds: when the first backend is given up on, in idempotent methods.
        retry_ratio: second tries per call, at most.
        idempotent: full names of the methods that may be sent twice; no other method ever is.
        breaker: when a backend is left out.
    """

    deadline_seconds: float = 1.0
    second_try_seconds: float = 0.1
    retry_ratio: float = 0.2
    idempotent: Collection[str] = ()
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
