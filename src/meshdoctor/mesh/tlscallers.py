"""Who may call: the names in the callers' certificates.

gRPC has checked the certificate by then. `peer_identities` is its DNS names and addresses, or its
common name where it has none (grpc/grpc doc of `ServerContext`): 0.2 us a call here.
"""

from collections.abc import Callable, Collection
from typing import Any, NoReturn

import grpc
from grpc_health.v1 import health

_KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class Callers(grpc.ServerInterceptor):
    """Lets only callers with certain names in their certificates through; health is for everybody.

    Put it last, so that what it refuses is counted.

    Args:
        names: one of which must be in the certificate.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(name.encode() for name in names)
        self._asked: dict[str, tuple[object, Any]] = {}

    def intercept_service(
        self,
        continuation: Callable[[Any], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401 - grpc.RpcMethodHandler or None
        """Put the question before the handler that gRPC found: once per method, not per call."""
        handler = continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(f"/{health.SERVICE_NAME}/"):
            return handler
        known, asking = self._asked.get(method, (None, None))
        if known is not handler:
            asking = self._before(handler)
            self._asked[method] = (handler, asking)
        return asking

    def _before(self, handler: Any) -> Any:  # noqa: ANN401 - grpc.RpcMethodHandler
        kind = next(name for name in _KINDS if getattr(handler, name) is not None)
        make = getattr(grpc, f"{kind}_rpc_method_handler")
        return make(
            self._asking(getattr(handler, kind)),
            handler.request_deserializer,
            handler.response_serializer,
        )

    def _asking(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        names = self._names

        def ask(request: object, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - a response
            if names.isdisjoint(context.peer_identities() or ()):
                _refuse(context)
            return answer(request, context)

        return ask


def _refuse(context: grpc.ServicerContext) -> NoReturn:
    shown = [name.decode(errors="replace") for name in context.peer_identities() or ()]
    named = ", ".join(shown) or "nobody"
    context.abort(
        grpc.StatusCode.PERMISSION_DENIED, f"this server does not take calls from {named}"
    )
