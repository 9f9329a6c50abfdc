"""What is kept of a matrix: the keys that others read, and all of it read back."""

import json
from dataclasses import replace

import pytest

from meshdoctor.faults import FAULTS
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.matrix.model import NOTHING, confusion, document, read
from tests.support.trials import good, matrix, named, quiet


def test_the_document_has_the_keys_that_others_read() -> None:
    """A row a trial with the figures, the healthy rounds, and the share that was right."""
    made = document(matrix(good("app-down"), named("dns-slow", "dns-timeout"), quiet()), ["a goal"])
    first = made["faults"][0]
    asked = ("fault", "named", "right", "seconds_to_verdict", "seconds_to_page", "http_5xx")

    assert ("app-down", "app-down", True, 6.5, 47.5, 0) == tuple(first[key] for key in asked)
    assert 0.5 == first["recovered_s"]
    assert [True, False] == [row["right"] for row in made["faults"]]
    assert (1, 0) == (made["healthy"]["rounds"], made["healthy"]["false_names"])
    assert 0.5 == made["accuracy"]
    assert (False, ["a goal"]) == (made["met"], made["missed"])


def test_a_matrix_survives_being_saved() -> None:
    """Read back, it is what it was, so that a saved one can be judged, drawn and printed again."""
    whole = replace(matrix(*matrix().trials, named("app-hung"), rounds=2), cores=2, at_once=2)

    back = read(json.dumps(document(whole, ())), "matrix.json")

    # Healthy rounds are kept beside the faults, so the order is another.
    assert sorted(whole.trials, key=str) == sorted(back.trials, key=str)
    assert replace(whole, trials=()) == replace(back, trials=())


def test_one_mesh_made_what_does_not_say_how_many_did() -> None:
    """A matrix that was saved before several could run at once is still read."""
    saved = document(matrix(), ())
    del saved["at_once"]

    assert 1 == read(json.dumps(saved), "matrix.json").at_once


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"faults": 3, "healthy": {"trials": []}}'])
def test_what_is_no_matrix_is_one_line(text: str) -> None:
    """A damaged file is named, and no traceback."""
    with pytest.raises(LabError, match=r"^x\.json is no matrix: .+$") as raised:
        read(text, "x.json")

    assert 1 == len(str(raised.value).splitlines())


def test_two_names_are_not_right() -> None:
    """Whoever names the fault and another one beside it has not told which it is."""
    both = named("dns-timeout", "network-nodes-blocked", "dns-timeout")

    assert (False, "network-nodes-blocked+dns-timeout") == (both.right, both.named)


def test_a_healthy_round_that_was_named_is_a_false_name() -> None:
    """Calling a healthy mesh broken is counted, and is not right."""
    false = named(NOTHING, "app-slow")

    assert not false.right
    assert 1 == document(matrix(false, quiet()), ())["healthy"]["false_names"]


def test_confusion_is_a_diagonal_where_all_is_right() -> None:
    """Each thing that was done was called by its own name."""
    expected = {code: {code: 1} for code in (*FAULTS, NOTHING)}

    assert expected == confusion(matrix())
