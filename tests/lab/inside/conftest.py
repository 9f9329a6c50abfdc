"""What the tests share that run inside the sandbox."""

from collections.abc import Iterator

import pytest

from meshdoctor.lab.net.network import Network
from tests.support.cluster_net import network


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A network that a module's tests share."""
    with network(tmp_path_factory.mktemp("logs")) as up:
        yield up


@pytest.fixture
def net(standing: Network) -> Iterator[Network]:
    """The module's network; what a test breaks is healed after it."""
    yield standing
    standing.heal()
