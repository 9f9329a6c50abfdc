"""What every test shares: Hypothesis without a stopwatch, and Ctrl-C that can be felt."""

import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

# A shell that starts the tests in the background has them ignore SIGINT, and what is ignored stays
# ignored in every process that a test starts, also in those that a test ends with Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _sockets_stay_as_they_are() -> Iterator[None]:
    """No test brings Locust into this process: it patches the sockets of all that follow."""
    yield
    assert "locust" not in sys.modules
