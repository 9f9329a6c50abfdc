"""From what gRPC says to a cause: every recorded text, of every generation, and no guess."""

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.faults import CAUSES
from meshdoctor.telemetry.causes import MARKER, Guess, classify, handler_ran
from tests.unit.telemetry.grpc_texts import AMBIGUOUS, CERTAIN, FOREIGN, HUNG_UP

Code = grpc.StatusCode
FAILURES = [code for code in Code if code is not Code.OK]


def cause_of(code: Code, details: str = "told to", *, ran: bool = False) -> Guess:
    """Classify with less writing."""
    return classify(code, details, ran=ran)


@pytest.mark.parametrize(("versions", "text", "cause"), CERTAIN)
def test_every_recorded_text_has_its_cause(versions: str, text: str, cause: str) -> None:
    """What a grpcio said of a fault made for the purpose is called by that fault's cause."""
    assert Guess(cause) == cause_of(Code.UNAVAILABLE, text), versions


@pytest.mark.parametrize(("versions", "text"), AMBIGUOUS)
def test_a_text_of_several_faults_is_left_to_the_probe(versions: str, text: str) -> None:
    """Where several DNS faults share a text, it is surely DNS, and a probe is to say which."""
    guess = cause_of(Code.UNAVAILABLE, text)

    assert not guess.certain, versions
    assert guess.cause.startswith("dns-")


@pytest.mark.parametrize(("versions", "text"), HUNG_UP)
def test_a_connection_that_never_began_is_left_to_the_probe(versions: str, text: str) -> None:
    """It is lost, as far as the text goes; a greeting can tell that it was TLS."""
    assert Guess("connect-lost", certain=False) == cause_of(Code.UNAVAILABLE, text), versions


@pytest.mark.parametrize("text", FOREIGN)
def test_an_unknown_text_is_unknown(text: str) -> None:
    """A text that nobody recorded is no evidence: `unknown`, and a probe may look."""
    assert Guess("unknown", certain=False) == cause_of(Code.UNAVAILABLE, text)


@pytest.mark.parametrize(("_versions", "text", "_cause"), CERTAIN)
def test_a_handler_may_say_anything(_versions: str, text: str, _cause: str) -> None:
    """With the marker behind it, UNAVAILABLE is the handler's word, whatever it quotes."""
    assert Guess("app-error") == cause_of(Code.UNAVAILABLE, text, ran=True)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (Code.CANCELLED, "cancelled"),
        (Code.UNKNOWN, "app-error"),
        (Code.INVALID_ARGUMENT, "caller-error"),
        (Code.NOT_FOUND, "caller-error"),
        (Code.ALREADY_EXISTS, "caller-error"),
        (Code.PERMISSION_DENIED, "caller-error"),
        (Code.UNAUTHENTICATED, "caller-error"),
        (Code.FAILED_PRECONDITION, "caller-error"),
        (Code.OUT_OF_RANGE, "caller-error"),
        (Code.RESOURCE_EXHAUSTED, "app-overloaded"),
        (Code.ABORTED, "app-error"),
        (Code.UNIMPLEMENTED, "app-error"),
        (Code.INTERNAL, "app-error"),
        (Code.DATA_LOSS, "app-error"),
    ],
)
@pytest.mark.parametrize("ran", [True, False])
def test_other_codes_speak_for_themselves(code: Code, cause: str, *, ran: bool) -> None:
    """Only UNAVAILABLE and DEADLINE_EXCEEDED need a text or a witness."""
    assert Guess(cause) == cause_of(code, ran=ran)


def test_a_deadline_needs_a_witness() -> None:
    """The marker makes a deadline the handler's; silence is to be probed, and never guessed."""
    assert Guess("app-deadline") == cause_of(Code.DEADLINE_EXCEEDED, "Deadline Exceeded", ran=True)
    assert Guess("unknown", certain=False, when_healthy="app-deadline") == cause_of(
        Code.DEADLINE_EXCEEDED, "Deadline Exceeded"
    )


@pytest.mark.parametrize(
    ("code", "text", "cause"),
    [
        (
            Code.RESOURCE_EXHAUSTED,
            "CLIENT: Received message larger than max (65537 vs. 65536)",
            "caller-error",
        ),
        (Code.INTERNAL, "Exception serializing request!", "caller-error"),
        (Code.INTERNAL, "Exception raised while intercepting the RPC", "caller-error"),
        (Code.INTERNAL, "Cannot parse authority", "caller-error"),
        (Code.UNKNOWN, "Failed to create client channel", "caller-error"),
        (Code.INVALID_ARGUMENT, "Failed to create channel", "caller-error"),
        (Code.CANCELLED, "Cancelling all calls", "app-draining"),
        (Code.CANCELLED, "Locally cancelled by application!", "cancelled"),
    ],
)
def test_texts_that_change_what_a_code_means(code: Code, text: str, cause: str) -> None:
    """What the caller's own grpcio refused is no error of the service."""
    assert Guess(cause) == cause_of(code, text)


@given(code=st.sampled_from(FAILURES), details=st.text(), ran=st.booleans())
def test_whatever_is_said_has_a_cause(code: Code, details: str, *, ran: bool) -> None:
    """No text raises, and no cause is outside the vocabulary, before or after a probe."""
    guess = cause_of(code, details, ran=ran)

    assert guess.cause in CAUSES
    assert guess.when_healthy is None or guess.when_healthy in CAUSES


def test_the_marker_is_found_in_either_metadata() -> None:
    """Initial or trailing, absent or None: one key decides."""
    marked = (("content-type", "x"), (MARKER, "recommendations"))

    assert handler_ran(None, marked)
    assert handler_ran(marked, None)
    assert not handler_ran(None, (), (("x-served-for", "y"),))
