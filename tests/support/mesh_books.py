"""Recommendations servers for the marketplace: the real one, and ones that are ill."""

import time
from collections.abc import Callable
from typing import Any

import grpc

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from meshdoctor.mesh import MeshServer, ServerPolicy
from recommendations.server import create_server
from recommendations.settings import RecommendationsSettings

SERVICE = "bookstore.recommendations.v1.RecommendationsService"
SECRET = "secret-7f3a.internal"  # noqa: S105 - no password: a text that must never reach a visitor

Answer = Callable[[bytes, grpc.ServicerContext], bytes]


def real(**settings: object) -> MeshServer:
    """Make the real service, with some settings changed."""
    return create_server(RecommendationsSettings.model_validate({"drain_seconds": 0, **settings}))


def answering(answer: Answer) -> MeshServer:
    """Make a server of the same contract whose answers are the bytes that `answer` returns."""

    def register(_servicer: object, server: grpc.Server) -> None:
        handler: Any = grpc.unary_unary_rpc_method_handler(answer)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"GetRecommendations": handler}),)
        )

    server = MeshServer(ServerPolicy())
    server.add(register, None, SERVICE)
    return server


def failing(code: grpc.StatusCode) -> Answer:
    """Fail with a text that tells of the inside."""

    def answer(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code, f"{SECRET}: Traceback (most recent call last)")
        raise AssertionError

    return answer


def hanging(_request: bytes, _context: grpc.ServicerContext) -> bytes:
    """Answer far too late."""
    time.sleep(1.0)
    return b""


def garbage(_request: bytes, _context: grpc.ServicerContext) -> bytes:
    """Answer OK with bytes that are no message."""
    return b"\xff" * 64


def nothing(_request: bytes, _context: grpc.ServicerContext) -> bytes:
    """Answer OK without a book."""
    return b""


def books(*titles: str) -> Answer:
    """Answer OK with these books, whatever was asked."""
    shelf: Any = [
        pb.Book(id=f"book-{number}", title=title, author="<i>Nobody</i>")
        for number, title in enumerate(titles)
    ]
    message = pb.GetRecommendationsResponse(books=shelf).SerializeToString()
    return lambda _request, _context: message
