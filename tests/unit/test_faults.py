"""The vocabulary: every word once, well formed, and meaning something."""

import re

import pytest

from meshdoctor.faults import CAUSES, FAULTS, Cause, Fault, Layer

KEBAB = re.compile(r"[a-z]+(-[a-z]+)+")
LONGEST_LINE = 100


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_says_where_and_what_to_do(fault: Fault) -> None:
    """Its code is kebab case and begins with its layer; meaning and fix are one line each."""
    assert KEBAB.fullmatch(fault.code)
    assert fault.code.startswith(f"{fault.layer}-")
    for sentence in (fault.meaning, fault.fix):
        assert 0 < len(sentence) <= LONGEST_LINE
        assert "\n" not in sentence
        assert not sentence.endswith(".")


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_a_cause_narrows_down_to_known_faults(cause: Cause) -> None:
    """Its code is kebab case, its meaning one line, and each fault it may be exists, once."""
    assert KEBAB.fullmatch(cause.code) or cause.code in {"cancelled", "unknown"}
    assert 0 < len(cause.meaning) <= LONGEST_LINE
    assert [] == [code for code in cause.faults if code not in FAULTS]
    assert len(set(cause.faults)) == len(cause.faults)


def test_words_are_keys_of_what_they_name() -> None:
    """Each table is keyed by the code of its rows, so that no row hides another."""
    assert list(FAULTS) == [fault.code for fault in FAULTS.values()]
    assert list(CAUSES) == [cause.code for cause in CAUSES.values()]


def test_every_layer_has_faults() -> None:
    """No layer is an empty word, and faults stand in the order of the layers."""
    assert list(Layer) == list(dict.fromkeys(fault.layer for fault in FAULTS.values()))


def test_no_two_faults_read_the_same() -> None:
    """A person can tell any two faults apart by their meaning."""
    assert len(FAULTS) == len({fault.meaning for fault in FAULTS.values()})


def test_the_words_cannot_be_changed() -> None:
    """The vocabulary is the same for everyone, at any time."""
    with pytest.raises(TypeError):
        FAULTS["app-down"] = FAULTS["app-hung"]  # type: ignore[index]
    with pytest.raises(TypeError):
        CAUSES["unknown"] = CAUSES["cancelled"]  # type: ignore[index]
