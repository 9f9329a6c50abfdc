"""The client's side of the mesh: a `grpc.Channel` that any generated stub takes."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import grpc

from meshdoctor.mesh.backends import CHANNEL_OPTIONS
from meshdoctor.mesh.calls import Method, StreamMethod, UnaryMethod
from meshdoctor.mesh.policy import MeshPolicy
from meshdoctor.mesh.reach import Reach
from meshdoctor.mesh.renewal import Renewal
from meshdoctor.mesh.resolver import Resolver
from meshdoctor.mesh.target import Target
from meshdoctor.mesh.tls import ClientTls
from meshdoctor.telemetry.catalogue import RPC_CLIENT_BREAKER
from meshdoctor.telemetry.rpc_client import ClientCalls


class MeshChannel(grpc.Channel):
    """A channel over all backends of a target.

    A unary call gets a backend in turn and a part of the time; when that does not answer, an
    idempotent call gets the rest of the time on another backend, within the retry budget. What
    cannot be helped fails at once, with its cause. Every call has a deadline.

    Make it after any fork: it owns threads and gRPC channels.

    Args:
        target: what to call: a headless Service's name, so that every Pod has an address.
        policy: how to call.
        calls: the books; None keeps none.
        resolver: how to look the target up; resolv.conf's servers when None.
        fallback: addresses to use while DNS has never answered.
        credentials: TLS, from files that may change (`ClientTls`, closed with the channel) or
            for good; None talks plain text. Certificates must have the target's name.
    """

    def __init__(
        self,
        target: Target,
        policy: MeshPolicy,
        calls: ClientCalls | None = None,
        *,
        resolver: Resolver | None = None,
        fallback: Sequence[str] = (),
        credentials: grpc.ChannelCredentials | ClientTls | None = None,
    ) -> None:
        # The name, not the address, is what certificates and virtual hosts are made for.
        name = f"{target.host.rstrip('.')}:{target.port}"
        self._options = (*CHANNEL_OPTIONS, ("grpc.default_authority", name))
        self._credentials = credentials
        self._reach = Reach(target, policy, calls, self._connect, resolver or Resolver(), fallback)
        if isinstance(credentials, ClientTls):
            renewal = Renewal(self._reach.backends, self._connect, credentials.pending)
            credentials.start(renewal.looked)

    def unary_unary(self, method: str, *codec: Any, **named: Any) -> UnaryMethod:  # noqa: ANN401 - gRPC's codec
        """Return a callable with a deadline, a second try and breakers."""
        return UnaryMethod(self._method("unary_unary", method, codec, named))

    def unary_stream(self, method: str, *codec: Any, **named: Any) -> StreamMethod:  # noqa: ANN401 - gRPC's codec
        """Return a callable that is sent to one backend, once."""
        return StreamMethod(self._method("unary_stream", method, codec, named), waits=False)

    def stream_unary(self, method: str, *codec: Any, **named: Any) -> StreamMethod:  # noqa: ANN401 - gRPC's codec
        """Return a callable that is sent to one backend, once."""
        return StreamMethod(self._method("stream_unary", method, codec, named), waits=True)

    def stream_stream(self, method: str, *codec: Any, **named: Any) -> StreamMethod:  # noqa: ANN401 - gRPC's codec
        """Return a callable that is sent to one backend, once."""
        return StreamMethod(self._method("stream_stream", method, codec, named), waits=False)

    # gRPC's own signature.
    def subscribe(self, callback: Callable[[Any], None], try_to_connect: object = None) -> None:
        """Refuse: many channels have no one state; `rpc_client_breaker_state` tells each.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(f"a mesh channel has no one state: see {RPC_CLIENT_BREAKER.name}")

    def unsubscribe(self, callback: Callable[[Any], None]) -> None:
        """Do nothing: nobody can have subscribed."""

    def close(self) -> None:
        """Stop looking up and close every backend's channel."""
        if isinstance(self._credentials, ClientTls):
            self._credentials.close()
        self._reach.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _method(
        self, kind: str, path: str, codec: tuple[Any, ...], named: dict[str, Any]
    ) -> Method:
        serializer, deserializer = (*codec, None, None)[:2]
        return Method(
            self._reach,
            kind,
            path,
            (
                named.get("request_serializer", serializer),
                named.get("response_deserializer", deserializer),
            ),
        )

    def _connect(self, address: str) -> grpc.Channel:
        credentials = self._credentials
        if credentials is None:
            return grpc.insecure_channel(address, self._options)
        if isinstance(credentials, ClientTls):
            credentials = credentials.credentials()
        return grpc.secure_channel(address, credentials, self._options)
