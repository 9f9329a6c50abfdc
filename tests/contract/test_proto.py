"""The contract on the wire: what a client or server of last year's build still relies on.

Numbers, types and names are written out here once more on purpose: a change that breaks a peer
(https://protobuf.dev/programming-guides/proto3/#updating) must be made in two places, knowingly.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from bookstore.recommendations.v1 import recommendations_pb2_grpc as pb_grpc

PACKAGE = "bookstore.recommendations.v1"
REQUEST = pb.GetRecommendationsRequest(
    user_id="ada", category=pb.BOOK_CATEGORY_SELF_HELP, max_results=3
)


class Echo(pb_grpc.RecommendationsServiceServicer):
    """Answers with one book that repeats what was asked."""

    def GetRecommendations(  # noqa: N802 - the name is the contract's
        self, request: pb.GetRecommendationsRequest, context: grpc.ServicerContext
    ) -> pb.GetRecommendationsResponse:
        """Return the request as a book."""
        del context
        category = pb.BookCategory.Name(request.category)
        book = pb.Book(id=request.user_id, title=category, author=str(request.max_results))
        return pb.GetRecommendationsResponse(books=[book])


@pytest.fixture
def channel() -> Iterator[grpc.Channel]:
    """Return a channel to a real server on a free port of loopback."""
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    pb_grpc.add_RecommendationsServiceServicer_to_server(Echo(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as connected:
        yield connected
    server.stop(grace=None).wait()


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("GetRecommendationsRequest", [(1, "user_id"), (2, "category"), (3, "max_results")]),
        ("GetRecommendationsResponse", [(1, "books")]),
        ("Book", [(1, "id"), (2, "title"), (3, "author")]),
    ],
)
def test_a_field_keeps_its_number(message: str, fields: list[tuple[int, str]]) -> None:
    """A field is its number on the wire: none is renumbered, renamed or dropped."""
    found = pb.DESCRIPTOR.message_types_by_name[message].fields

    assert fields == [(field.number, field.name) for field in found]


def test_a_category_keeps_its_number() -> None:
    """Categories keep their numbers, and zero stays the one that is no category."""
    assert [
        ("BOOK_CATEGORY_UNSPECIFIED", 0),
        ("BOOK_CATEGORY_MYSTERY", 1),
        ("BOOK_CATEGORY_SCIENCE_FICTION", 2),
        ("BOOK_CATEGORY_SELF_HELP", 3),
    ] == pb.BookCategory.items()


def test_the_request_keeps_its_bytes() -> None:
    """A request is the same bytes in every build: tags 0x0a, 0x10 and 0x18, then the values."""
    expected = b"\x0a\x03ada\x10\x03\x18\x03"

    assert expected == REQUEST.SerializeToString(deterministic=True)


def test_the_service_has_one_method() -> None:
    """The path a client calls, /package.Service/Method, is part of the contract."""
    service = pb.DESCRIPTOR.services_by_name["RecommendationsService"]

    assert f"{PACKAGE}.RecommendationsService" == service.full_name
    assert ["GetRecommendations"] == [method.name for method in service.methods]


def test_stub_and_servicer_meet(channel: grpc.Channel) -> None:
    """The generated client reaches the generated server over a real connection."""
    answer = pb_grpc.RecommendationsServiceStub(channel).GetRecommendations(REQUEST, timeout=5)

    assert [pb.Book(id="ada", title="BOOK_CATEGORY_SELF_HELP", author="3")] == list(answer.books)
