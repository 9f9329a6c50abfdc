"""History: since when an edge answers as it does, by clocks that may step."""

from meshdoctor.agent.history import History, Try
from meshdoctor.agent.probes.trial import Trial
from meshdoctor.probes.mesh.evidence import LOOKS, Answer, Ask, Edge, Ground, Role

EDGE = Edge(Role.NODE, Ground.NODE_TO_NODE, Ask.TCP, "n2", "n2", "10.0.0.2:10250")
OTHER = Edge(Role.NODE, Ground.NODE_TO_NODE, Ask.TCP, "n3", "n3", "10.0.0.3:10250")
AHEAD = 1000.0


def tries(*tried: tuple[float, Answer]) -> tuple[Try, ...]:
    """Give tries that began at these moments and ended so."""
    return tuple(Try(begun, Trial(answer, 0.1)) for begun, answer in tried)


def since(history: History, *tried: tuple[float, Answer], ahead: float = AHEAD) -> float:
    """Note a round with one edge; say since when it answers so."""
    ((sighting,), _) = history.note([(EDGE, tries(*tried))], ahead)
    return sighting.since


def test_an_answer_is_dated_by_the_try_that_gave_it_first() -> None:
    """Also when that was the first of two tries of one round, or rounds ago."""
    history = History()

    assert 1001.0 == since(history, (1.0, Answer.OK))
    assert 1001.0 == since(history, (6.0, Answer.OK))
    assert 1011.0 == since(history, (11.0, Answer.SILENT), (12.0, Answer.SILENT))
    assert 1011.0 == since(history, (16.0, Answer.SILENT), (17.0, Answer.SILENT))
    assert 1022.0 == since(history, (21.0, Answer.SILENT), (22.0, Answer.REFUSED))
    assert 1027.0 == since(history, (26.0, Answer.REFUSED), (27.0, Answer.OK))


def test_a_lost_datagram_leaves_no_trace() -> None:
    """What the second try mends was never broken."""
    history = History()
    since(history, (1.0, Answer.OK))

    ((sighting,), changes) = history.note(
        [(EDGE, tries((6.0, Answer.SILENT), (7.0, Answer.OK)))], AHEAD
    )

    assert (1001.0, (Answer.OK, Answer.OK), ()) == (sighting.since, sighting.answers, changes)


def test_a_step_of_the_wall_clock_moves_what_was_before_it_too() -> None:
    """The doctor compares moments of one report with each other: they are all by one clock."""
    history = History()
    since(history, (1.0, Answer.SILENT), (2.0, Answer.SILENT))

    assert 3601.0 + AHEAD == since(history, (6.0, Answer.SILENT), ahead=AHEAD + 3600.0)


def test_the_last_dozen_answers_are_kept() -> None:
    """A minute of them, the newest last, so that flapping shows."""
    history = History()
    for number in range(LOOKS):
        since(history, (float(number), Answer.OK))
    ((sighting,), _) = history.note([(EDGE, tries((60.0, Answer.LOST), (61.0, Answer.LOST)))], 0.0)

    assert (*[Answer.OK] * (LOOKS - 1), Answer.LOST) == sighting.answers


def test_only_what_answers_otherwise_is_a_change() -> None:
    """New edges are changes from nothing; what is tried no longer is forgotten."""
    history = History()
    seen = []
    for answer in (Answer.OK, Answer.OK, Answer.SILENT, Answer.SILENT, Answer.OK):
        _, changes = history.note([(EDGE, tries((1.0, answer)))], AHEAD)
        seen.append([(change.was, change.now.answer) for change in changes])
    history.note([(OTHER, tries((2.0, Answer.OK)))], AHEAD)
    _, changes = history.note([(EDGE, tries((3.0, Answer.OK)))], AHEAD)

    assert [
        [(None, Answer.OK)],
        [],
        [(Answer.OK, Answer.SILENT)],
        [],
        [(Answer.SILENT, Answer.OK)],
    ] == seen
    assert [(None, EDGE)] == [(change.was, change.now.edge) for change in changes]
