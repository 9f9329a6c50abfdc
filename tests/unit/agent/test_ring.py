"""The ring: everybody is looked at, nobody by too many, and little changes when a node does."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.agent.ring import NEIGHBOURS, following

NAMES = st.sets(st.text("abc-0189", min_size=1, max_size=6), min_size=2, max_size=60)


def chosen(names: set[str]) -> dict[str, tuple[str, ...]]:
    """Give each name's neighbours."""
    return {name: following(name, names, str) for name in names}


@given(NAMES)
def test_each_looks_at_so_many_others_and_is_looked_at_by_as_many(names: set[str]) -> None:
    """Of n nodes each has min(3, n - 1) neighbours and is the neighbour of as many: O(n) in all."""
    every = chosen(names)
    expected = min(NEIGHBOURS, len(names) - 1)

    assert {expected} == {len(set(neighbours) - {name}) for name, neighbours in every.items()}
    assert {expected} == set(Counter(one for each in every.values() for one in each).values())


@given(NAMES, st.text("xyz", min_size=1, max_size=6))
def test_a_new_node_changes_the_choice_of_three_others_at_most(names: set[str], new: str) -> None:
    """Those who choose it give up one of theirs each; nobody else chooses anew."""
    before, after = chosen(names), chosen(names | {new})
    changed = {name for name in names if before[name] != after[name]}

    assert changed == {name for name in names if new in after[name]}
    assert len(changed) <= NEIGHBOURS
    for name in changed:
        assert len(set(before[name]) - set(after[name])) <= 1


@given(NAMES, st.randoms(use_true_random=False))
def test_all_agents_agree_whatever_the_order_they_heard_in(names: set[str], random: object) -> None:
    """The choice depends on the names alone."""
    shuffled = sorted(names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    name = min(names)

    assert following(name, sorted(names), str) == following(name, shuffled, str)


def test_in_a_small_cluster_everybody_looks_at_everybody() -> None:
    """Up to four nodes no way between two of them is left out."""
    names = {"control-plane", "worker-1", "worker-2", "worker-3"}

    assert {name: names - {name} for name in names} == {
        name: set(neighbours) for name, neighbours in chosen(names).items()
    }


def test_who_has_no_place_on_the_ring_has_neighbours_too() -> None:
    """A node that the API has not told of yet still finds out about others."""
    assert 3 == len(following("new", ["a", "b", "c", "d"], str))
