"""Errors of the mesh, shaped like gRPC's so that one `except grpc.RpcError` catches all.

grpc.RpcError
    NoBackendError      nobody to call: no address, or every breaker is open
    AbandonedError      the calling thread was interrupted (only for the books; never raised)
"""

import grpc

from meshdoctor.telemetry.causes import Guess


class _Status(grpc.RpcError):
    """An error with the status of a `grpc.Call`."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(f"{code.name}: {details}")
        self._code = code
        self._details = details

    def code(self) -> grpc.StatusCode:
        """Return the status code."""
        return self._code

    def details(self) -> str:
        """Return the status text."""
        return self._details


class NoBackendError(_Status):
    """There was nobody to call, so no call was made: UNAVAILABLE.

    Attributes:
        guess: why.
    """

    def __init__(self, details: str, guess: Guess) -> None:
        super().__init__(grpc.StatusCode.UNAVAILABLE, details)
        self.guess = guess


class AbandonedError(_Status):
    """The calling thread was interrupted while it waited: CANCELLED."""

    def __init__(self) -> None:
        super().__init__(grpc.StatusCode.CANCELLED, "the caller was interrupted")
