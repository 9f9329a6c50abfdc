"""Signals become an orderly way out, with real signals to this process."""

import os
import signal
import time

import pytest

from meshdoctor.lab.interruption import SIGNALS, Interrupted, Interruption


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_next_wait(number: signal.Signals) -> None:
    """The signal itself changes nothing; the wait that follows raises, and says which it was."""
    interruption = Interruption()
    with interruption.installed():
        os.kill(os.getpid(), number)

        with pytest.raises(Interrupted) as caught:
            interruption.sleep(5)

    assert number == caught.value.signal
    assert 128 + number == caught.value.exit_code


def test_a_second_signal_does_not_disturb_the_tidying() -> None:
    """Whoever presses Ctrl-C twice still gets everything stopped: the first signal stands."""
    interruption = Interruption()
    with interruption.installed():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(Interrupted) as caught:
            interruption.check()

    assert signal.SIGTERM == caught.value.signal


def test_without_a_signal_a_wait_lasts_as_long_as_asked() -> None:
    """0.12 s is neither cut short nor rounded up to whole polls."""
    began = time.monotonic()
    Interruption().sleep(0.12)

    assert 0.12 <= time.monotonic() - began < 0.5


def test_the_handlers_of_before_come_back() -> None:
    """Whoever calls the lab from a program of their own keeps their Ctrl-C."""
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption().installed():
        pass

    assert before == [signal.getsignal(number) for number in SIGNALS]
