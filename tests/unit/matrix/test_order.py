"""The order of a matrix: by lot, whole, the same for the same seed, and shared by rounds."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.lab.matrix.model import NOTHING
from meshdoctor.lab.matrix.order import HEALTHY_EVERY, turns
from meshdoctor.lab.matrix.run import Plan

CODES = st.lists(st.sampled_from([f"app-{n}" for n in range(30)]), unique=True, min_size=1)


@given(CODES, st.integers(1, 4), st.integers())
def test_each_round_does_each_fault_once(codes: list[str], rounds: int, seed: int) -> None:
    """Whatever the lot, nothing is left out or done twice."""
    made = list(turns([codes], rounds, seed))

    for number in range(1, rounds + 1):
        mine = [turn.fault for turn in made if turn.round == number]
        assert sorted(codes) == sorted(fault for fault in mine if fault != NOTHING)
        assert NOTHING == mine[-1]


@given(CODES, st.integers(1, 4), st.integers())
def test_the_mesh_is_left_alone_in_between(codes: list[str], rounds: int, seed: int) -> None:
    """After so many faults at the latest a healthy round comes, and never two of them."""
    words = "".join("." if turn.fault == NOTHING else "x" for turn in turns([codes], rounds, seed))

    assert all(1 <= len(run) <= HEALTHY_EVERY for run in words.rstrip(".").split("."))


@given(CODES, st.integers(1, 4), st.integers())
def test_a_seed_is_an_order(codes: list[str], rounds: int, seed: int) -> None:
    """A run can be made again."""
    assert list(turns([codes], rounds, seed)) == list(turns([codes], rounds, seed))


@given(CODES, CODES, st.integers())
def test_groups_come_after_each_other(codes: list[str], others: list[str], seed: int) -> None:
    """What needs another mesh is done in one go, and ends with a healthy round of that mesh."""
    made = list(turns([codes, others], 1, seed))
    groups = [turn.group for turn in made]
    last = groups.index(1) - 1

    assert sorted(groups) == groups
    assert (NOTHING, NOTHING) == (made[last].fault, made[-1].fault)
    assert set(others) == {turn.fault for turn in made if turn.group == 1} - {NOTHING}


@given(CODES, CODES, st.integers(1, 4), st.integers())
def test_healthy_turns_are_numbered(
    codes: list[str], others: list[str], rounds: int, seed: int
) -> None:
    """In each round from 1, past the end of a group, so that their evidence can be told apart."""
    made = list(turns([codes, others], rounds, seed))

    for number in range(1, rounds + 1):
        mine = [turn.nth for turn in made if turn.round == number and turn.fault == NOTHING]
        assert list(range(1, len(mine) + 1)) == mine


@given(CODES, st.integers(1, 4), st.integers(1, 4), st.integers())
def test_meshes_share_the_rounds(codes: list[str], rounds: int, at_once: int, seed: int) -> None:
    """Each round is one mesh's, in the order in which a single mesh would do it."""
    plans = [
        Plan({}, rounds, seed, paged=True, out=Path(), at_once=at_once, mesh=mesh)
        for mesh in range(1, at_once + 1)
    ]
    shares = [list(plan.share([codes])) for plan in plans]
    whole = list(turns([codes], rounds, seed))

    for number in range(1, rounds + 1):
        mine = [[turn for turn in share if turn.round == number] for share in shares]
        assert [[turn for turn in whole if turn.round == number]] == [one for one in mine if one]
