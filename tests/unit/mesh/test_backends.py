"""The list of backends: fair turns, and comings and goings that leave nothing behind."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from meshdoctor.mesh.backends import Backends
from meshdoctor.mesh.breaker import BreakerPolicy, State

A, B, C = "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"
HALF_A_MINUTE = 30.0


class Room:
    """Backends with real channels, which connect to nobody before they are used."""

    def __init__(self) -> None:
        self.channels: dict[str, grpc.Channel] = {}
        self.series: dict[str, State] = {}
        self.backends = Backends(self._connect, BreakerPolicy(), self._tell)

    def picks(self, count: int, now: float = 0.0) -> Counter[str]:
        """Pick so many times and count who came."""
        picked = (self.backends.pick(now) for _pick in range(count))
        return Counter(backend.address if backend else "nobody" for backend in picked)

    def open_breaker(self, address: str, at: float = 0.0) -> None:
        """Let the breaker of `address` open."""
        for _pick in range(10):
            backend = self.backends.pick(at)
            if backend and backend.address == address:
                backend.breaker.failed(at, at_once=True)

    def is_closed(self, address: str) -> bool:
        """Tell whether the channel to `address` refuses new calls."""
        ask: Any = self.channels[address].unary_unary("/test.Echo/Ask")
        try:
            ask.future(b"").cancel()
        except ValueError:
            return True
        return False

    def _connect(self, address: str) -> grpc.Channel:
        self.channels[address] = grpc.insecure_channel(address)
        return self.channels[address]

    def _tell(self, address: str, state: State | None) -> None:
        if state is None:
            del self.series[address]
        else:
            self.series[address] = state


@pytest.fixture
def room() -> Iterator[Room]:
    """Give an empty room."""
    made = Room()
    yield made
    made.backends.close()


def test_calls_are_spread_evenly(room: Room) -> None:
    """Of 300 picks each of three backends gets 100."""
    room.backends.update((A, B, C), 0.0)

    assert {A: 100, B: 100, C: 100} == room.picks(300)


def test_who_is_left_out_shares_its_part_among_all_others(room: Room) -> None:
    """With one breaker open the other two get half each; its neighbour is not crushed."""
    room.backends.update((A, B, C), 0.0)
    room.open_breaker(B)

    assert {A: 150, C: 150} == room.picks(300)


def test_with_every_breaker_open_there_is_nobody(room: Room) -> None:
    """Nobody is better than somebody who cannot answer: the caller fails at once."""
    room.backends.update((A, B), 0.0)
    room.open_breaker(A)
    room.open_breaker(B)

    assert {"nobody": 10} == room.picks(10)


def test_a_second_try_goes_to_another(room: Room) -> None:
    """The backend that has just failed is not picked, and alone there is no other."""
    room.backends.update((A, B), 0.0)
    failed = room.backends.pick(0.0)

    assert failed is not None

    others = {room.backends.pick(0.0, other_than=[failed]) for _pick in range(10)}

    assert failed not in others
    assert 1 == len(others)

    room.backends.update((failed.address,), 0.0)

    assert room.backends.pick(0.0, other_than=[failed]) is None


def test_a_second_try_is_no_trial_of_a_broken_backend(room: Room) -> None:
    """While one breaker is closed the last try goes there, however due the other's trial is."""
    room.backends.update((A, B, C), 0.0)
    room.open_breaker(B)
    first = next(one for one in iter(lambda: room.backends.pick(0.0), None) if one.address == A)
    seconds = [room.backends.pick(60.0, other_than=[first]) for _try in range(6)]

    assert [C] * 6 == [second.address for second in seconds if second]


def test_who_stays_keeps_channel_and_breaker(room: Room) -> None:
    """An update that changes nothing for a backend costs it no connection and no memory."""
    room.backends.update((A, B), 0.0)
    room.open_breaker(A)
    before = room.channels[A]
    room.backends.update((A, C), 5.0)

    assert before is room.channels[A]
    assert {A: State.OPEN, C: State.CLOSED} == room.series
    assert {C: 10} == room.picks(10)


def test_calls_in_flight_may_end_where_a_backend_has_left(room: Room) -> None:
    """Its channel stays open for half a minute, however often DNS is asked meanwhile."""
    room.backends.update((A, B), 0.0)
    closed = []
    for now in (1.0, 1.25, 1.5, HALF_A_MINUTE + 0.9, HALF_A_MINUTE + 1):
        room.backends.update((B,), now)
        closed.append(room.is_closed(A))

    assert [False, False, False, False, True] == closed
    assert not room.is_closed(B)


def test_a_backend_that_left_leaves_no_series(room: Room) -> None:
    """Its last calls fail after it has left; that must not bring its breaker's series back."""
    room.backends.update((A,), 0.0)
    leaving = room.backends.pick(0.0)
    room.backends.update((B,), 1.0)
    assert leaving is not None
    leaving.breaker.failed(1.1, at_once=True)

    assert {B: State.CLOSED} == room.series


def test_a_backend_that_comes_back_starts_anew(room: Room) -> None:
    """Same address, perhaps another Pod: a new channel, a closed breaker."""
    room.backends.update((A,), 0.0)
    room.open_breaker(A)
    room.backends.update((), 1.0)
    room.backends.update((A,), 2.0)

    assert {A: State.CLOSED} == room.series
    assert {A: 1} == room.picks(1)


def test_after_the_end_nothing_is_made_any_more(room: Room) -> None:
    """A lookup that ends after `close` must not leave channels that nobody closes."""
    room.backends.update((A,), 0.0)
    room.backends.close()
    room.backends.update((B,), 1.0)

    assert room.is_closed(A)
    assert B not in room.channels
    assert {} == room.series
    assert 0 == len(room.backends)


def test_picks_go_on_while_backends_change(room: Room) -> None:
    """Four threads pick during 500 changes: each pick finds one of the backends."""
    room.backends.update((A, B), 0.0)
    missed: list[None] = []
    done = threading.Event()

    def pick() -> None:
        while not done.is_set():
            if room.backends.pick(0.0) is None:
                missed.append(None)

    threads = [threading.Thread(target=pick) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for change in range(500):
        room.backends.update((A, B) if change % 2 else (A,), float(change))
    done.set()
    for thread in threads:
        thread.join()

    assert [] == missed
