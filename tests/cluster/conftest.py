"""Two loopback AWS: one in which the stack stands and is only read, and one to be changed."""

from collections.abc import Iterator

import pytest

from tests.cluster.cloud import Cloud, moto_server, stack_text, wiped


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Give an AWS in which the committed stack was created; no test changes it."""
    with moto_server(tmp_path_factory.mktemp("standing") / "log") as url:
        cloud = Cloud(url)
        cloud.create(stack_text())
        yield cloud


@pytest.fixture(scope="session")
def changing_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of an AWS that is wiped before each test that asks for it."""
    with moto_server(tmp_path_factory.mktemp("changing") / "log") as url:
        yield url


@pytest.fixture
def empty_cloud(changing_url: str) -> Cloud:
    """Give an AWS in which nobody has done anything yet."""
    return wiped(changing_url)
