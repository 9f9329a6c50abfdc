"""What to show: live recommendations, else the last good ones, else the shop's own."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import grpc

from bookstore.recommendations.v1 import recommendations_pb2 as messages
from bookstore.recommendations.v1.recommendations_pb2_grpc import RecommendationsServiceStub
from marketplace.books import BUILTIN, Book, Category, Freshness, Wish

SERVICE: Final = "bookstore.recommendations.v1.RecommendationsService"
METHOD: Final = f"{SERVICE}/GetRecommendations"

_REMEMBERED: Final = 1024
_CATEGORIES: Final = {
    Category.MYSTERY: messages.BOOK_CATEGORY_MYSTERY,
    Category.SCIENCE_FICTION: messages.BOOK_CATEGORY_SCIENCE_FICTION,
    Category.SELF_HELP: messages.BOOK_CATEGORY_SELF_HELP,
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Books to show and how fresh they are."""

    books: tuple[Book, ...]
    freshness: Freshness


class Shelf:
    """Asks the recommendations service and remembers what it said.

    Args:
        channel: to the recommendations service.
        deadline_seconds: how long a visitor waits for it.
    """

    def __init__(self, channel: grpc.Channel, deadline_seconds: float) -> None:
        self._stub = RecommendationsServiceStub(channel)
        self._deadline_seconds = deadline_seconds
        self._memory = _Memory()

    def select(self, wish: Wish) -> Selection:
        """Return books for `wish`; never raises because of the service behind."""
        try:
            books = self._ask(wish)
        except grpc.RpcError:
            # Counted, logged and explained by the channel's books; the visitor gets books.
            return self._without_service(wish)
        if not books:  # OK and empty: the service is up and has nothing, an empty page helps nobody
            return self._without_service(wish)
        self._memory.keep(wish, books)
        return Selection(books, Freshness.LIVE)

    def _ask(self, wish: Wish) -> tuple[Book, ...]:
        request = messages.GetRecommendationsRequest(
            user_id=wish.user_id,
            category=_CATEGORIES[wish.category],
            max_results=wish.max_results,
        )
        answer = self._stub.GetRecommendations(request, timeout=self._deadline_seconds)
        books = answer.books[: wish.max_results]
        return tuple(Book(book.id, book.title, book.author) for book in books)

    def _without_service(self, wish: Wish) -> Selection:
        books = self._memory.recall(wish)
        if books is not None:
            return Selection(books, Freshness.STALE)
        return Selection(BUILTIN[wish.category][: wish.max_results], Freshness.BUILTIN)


class _Memory:
    """The last good list for each of the last thousand wishes.

    Per wish, the visitor included: nobody is shown what was chosen for somebody else, and who asks
    for one book does not shorten the list of who asks for three.
    """

    def __init__(self) -> None:
        self._lists: OrderedDict[Wish, tuple[Book, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, wish: Wish, books: tuple[Book, ...]) -> None:
        with self._lock:
            self._lists[wish] = books
            self._lists.move_to_end(wish)
            if len(self._lists) > _REMEMBERED:
                self._lists.popitem(last=False)

    def recall(self, wish: Wish) -> tuple[Book, ...] | None:
        return self._lists.get(wish)
