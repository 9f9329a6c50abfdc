"""Where the judges are: programs with packages of their own, installed by `nox -s manifests`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.discovered import Found, discovered


@pytest.fixture(scope="session")
def judges() -> Path:
    """Give the folder of checkov, kubernetes-validate and their Python."""
    return Path(os.environ["JUDGES"])


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """Give what Prometheus finds in a cluster where the overlay stands."""
    with discovered(tmp_path_factory.mktemp("prometheus")) as it:
        yield it
