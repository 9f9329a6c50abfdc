"""The recommendations server on a real port, asked by real clients."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from bookstore.recommendations.v1 import recommendations_pb2_grpc as pb_grpc
from meshdoctor.mesh.server import MeshServer
from recommendations.catalogue import Category, load_catalogue
from recommendations.server import SERVICE, create_server
from recommendations.settings import RecommendationsSettings

pytestmark = pytest.mark.integration

METHOD = f"/{SERVICE}/GetRecommendations"
SECONDS = 5.0  # far above what any call needs
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
INT32 = st.integers(-(2**31), 2**31 - 1)


class Running:
    """A server that runs, and a channel to it."""

    def __init__(self, server: MeshServer) -> None:
        self.server = server
        self.address = f"127.0.0.1:{server.start('127.0.0.1', 0)}"
        self.channel = grpc.insecure_channel(self.address)
        self.stub = pb_grpc.RecommendationsServiceStub(self.channel)
        self.health: Any = health_pb2_grpc.HealthStub(self.channel)  # its stub tells no methods

    def close(self) -> None:
        """Give the port back."""
        self.channel.close()
        self.server.stop()

    def code_for(self, message: bytes) -> grpc.StatusCode:
        """Send bytes as the request message and return the status."""
        call: Any = self.channel.unary_unary(METHOD)
        try:
            call(message, timeout=SECONDS)
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    def state(self, service: str = "") -> int:
        """Ask the health service."""
        request = health_pb2.HealthCheckRequest(service=service)
        return int(self.health.Check(request, timeout=SECONDS).status)


Serve = Callable[..., Running]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give a function that starts a server with some settings changed."""
    with ExitStack() as stack:

        def start(**changed: object) -> Running:
            given = {"drain_seconds": 0, "grace_seconds": SECONDS, **changed}
            running = Running(create_server(RecommendationsSettings.model_validate(given)))
            stack.callback(running.close)
            return running

        yield start


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Give a server with the default settings, for tests that leave no trace in it."""
    server = Running(create_server(RecommendationsSettings()))
    yield server
    server.close()


def ask(
    user_id: str = "guest", category: int = pb.BOOK_CATEGORY_MYSTERY, max_results: int = 3
) -> pb.GetRecommendationsRequest:
    """Make a request that is good unless told otherwise."""
    return pb.GetRecommendationsRequest(
        user_id=user_id,
        category=category,  # type: ignore[arg-type]
        max_results=max_results,
    )


def test_a_guest_gets_the_front_page(running: Running) -> None:
    """Three mysteries for a guest are the first three of the catalogue, with their authors."""
    answer = running.stub.GetRecommendations(ask(), timeout=SECONDS)

    expected = [
        ("murder-on-the-orient-express", "Murder on the Orient Express", "Agatha Christie"),
        ("the-hound-of-the-baskervilles", "The Hound of the Baskervilles", "Arthur Conan Doyle"),
        ("the-maltese-falcon", "The Maltese Falcon", "Dashiell Hammett"),
    ]
    assert expected == [(book.id, book.title, book.author) for book in answer.books]


def test_more_than_there_is_gives_all_there_is(running: Running) -> None:
    """Fifty books of a shelf that holds fewer are that shelf, each book once."""
    answer = running.stub.GetRecommendations(ask(user_id="ada", max_results=50), timeout=SECONDS)

    expected = sorted(book.id for book in load_catalogue().shelves[Category.MYSTERY])
    assert expected == sorted(book.id for book in answer.books)


def test_a_refusal_reaches_the_caller_word_by_word(running: Running) -> None:
    """INVALID_ARGUMENT says which fields, what was expected and what came, on one line."""
    with pytest.raises(grpc.RpcError) as caught:
        running.stub.GetRecommendations(ask("a\r\nb", 0, 51), timeout=SECONDS)

    expected = (
        "user_id: expected 1 to 64 of the characters A-Z a-z 0-9 _ . -, got 'a\\r\\nb';"
        " category: expected one of BOOK_CATEGORY_MYSTERY, BOOK_CATEGORY_SCIENCE_FICTION,"
        " BOOK_CATEGORY_SELF_HELP, got BOOK_CATEGORY_UNSPECIFIED;"
        " max_results: expected 1 to 50, got 51"
    )
    assert grpc.StatusCode.INVALID_ARGUMENT is caught.value.code()
    assert expected == caught.value.details()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    user_id=st.one_of(st.text(max_size=70), st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True)),
    category=st.one_of(st.integers(0, 4), INT32),
    max_results=st.one_of(st.integers(-1, 52), INT32),
)
def test_any_request_is_answered_or_refused(
    running: Running, user_id: str, category: int, max_results: int
) -> None:
    """Whatever the fields hold: different books, twice the same, or INVALID_ARGUMENT."""
    request = ask(user_id, category, max_results)
    first, second = (
        running.stub.GetRecommendations.future(request, timeout=SECONDS) for _ in range(2)
    )

    assert first.code() is second.code()
    assert first.code() in {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT}
    if first.code() is grpc.StatusCode.OK:
        books = first.result().books
        assert 1 <= len(books) <= max_results
        assert len(books) == len({book.id for book in books})
        assert books == second.result().books


@given(message=st.binary(max_size=300))
def test_any_bytes_are_survived(running: Running, message: bytes) -> None:
    """Random bytes get a status of their own (INTERNAL when they are no message at all)."""
    allowed = {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.INTERNAL,
    }

    assert running.code_for(message) in allowed
    assert grpc.StatusCode.OK is running.code_for(ask().SerializeToString())


def test_broken_bytes_are_internal(running: Running) -> None:
    """A message cut short cannot be parsed; gRPC itself answers INTERNAL."""
    assert grpc.StatusCode.INTERNAL is running.code_for(ask().SerializeToString()[:-1])


def test_a_message_over_64_kib_is_refused(running: Running) -> None:
    """The limit holds to the byte, costs the server nothing, and the next call is answered."""
    limit = 64 * 1024
    padding = b"\x7a\x80\x80\x04" + b"x" * (1 << 16)  # an unknown field of 64 KiB

    assert grpc.StatusCode.RESOURCE_EXHAUSTED is running.code_for(padding)
    assert grpc.StatusCode.RESOURCE_EXHAUSTED is running.code_for(b"\0" * (10 << 20))
    assert grpc.StatusCode.INTERNAL is running.code_for(b"\0" * limit)
    assert grpc.StatusCode.RESOURCE_EXHAUSTED is running.code_for(b"\0" * (limit + 1))
    assert grpc.StatusCode.OK is running.code_for(ask().SerializeToString())


def test_calls_beyond_the_limit_are_refused_at_once(serve: Serve) -> None:
    """With two calls in hand the others get RESOURCE_EXHAUSTED, and later ones are answered."""
    running = serve(threads=1, max_concurrent_rpcs=2, fault_delay_seconds=0.4)

    calls = [running.stub.GetRecommendations.future(ask(), timeout=SECONDS) for _ in range(6)]

    expected = {grpc.StatusCode.OK: 2, grpc.StatusCode.RESOURCE_EXHAUSTED: 4}
    assert expected == Counter(call.code() for call in calls)
    assert 3 == len(running.stub.GetRecommendations(ask(), timeout=SECONDS).books)


def test_health_follows_the_server(serve: Serve) -> None:
    """Watchers see SERVING once it listens and NOT_SERVING at the drain, while calls go on."""
    running = serve(drain_seconds=0.4, fault_delay_seconds=0.2)
    watch = running.health.Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=SECONDS)
    states = (response.status for response in watch)

    assert SERVING == next(states) == running.state() == running.state(SERVICE)

    drain = threading.Thread(target=running.server.drain)
    drain.start()

    assert NOT_SERVING == next(states)
    assert NOT_SERVING == running.state() == running.state(SERVICE)
    assert 3 == len(running.stub.GetRecommendations(ask(), timeout=SECONDS).books)
    watch.cancel()  # an open watch is a call in flight, too
    drain.join(SECONDS)
    assert running.server.wait(0)


def test_reflection_needs_its_flag(serve: Serve) -> None:
    """Without the flag the contract is not told; with it, it is."""

    def listed(running: Running) -> set[str]:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(running.channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=SECONDS)
        return {service.name for service in answer.list_services_response.service}

    with pytest.raises(grpc.RpcError) as caught:
        listed(serve())

    assert grpc.StatusCode.UNIMPLEMENTED is caught.value.code()
    assert SERVICE in listed(serve(reflection=True))


def test_faults_spare_the_health(serve: Serve) -> None:
    """A server told to fail fails every call and still says that it serves."""
    running = serve(fault_error_ratio=1)

    assert grpc.StatusCode.INTERNAL is running.code_for(ask().SerializeToString())
    assert SERVING == running.state(SERVICE)
