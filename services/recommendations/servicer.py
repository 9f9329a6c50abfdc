"""The RPC of the contract: from a request to the books of one visitor."""

import grpc

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from bookstore.recommendations.v1 import recommendations_pb2_grpc as pb_grpc
from recommendations.catalogue import Book, Catalogue
from recommendations.ranking import recommend
from recommendations.validation import CATEGORIES, refusal


class RecommendationsServicer(pb_grpc.RecommendationsServiceServicer):
    """Answers `bookstore.recommendations.v1.RecommendationsService`."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Make the message of each book once: a request only chooses among them."""
        self._shelves = {
            number: tuple(_message(book) for book in catalogue.shelves[category])
            for number, category in CATEGORIES.items()
        }

    def GetRecommendations(  # noqa: N802 - the contract's spelling
        self, request: pb.GetRecommendationsRequest, context: grpc.ServicerContext
    ) -> pb.GetRecommendationsResponse:
        """Recommend books.

        Returns:
            At most `request.max_results` books of the category, none twice, the same for the
            same user always (see `recommendations.ranking`).

        Raises:
            grpc.RpcError: INVALID_ARGUMENT to the caller when the request has a fault.
        """
        fault = refusal(request)
        if fault:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, fault)
        category = request.category
        books = recommend(
            self._shelves[category], CATEGORIES[category], request.user_id, request.max_results
        )
        return pb.GetRecommendationsResponse(books=books)


def _message(book: Book) -> pb.Book:
    return pb.Book(id=book.id, title=book.title, author=book.author)
