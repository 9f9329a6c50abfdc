"""Where the judges are: programs with packages of their own, installed by `nox -s manifests`."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def judges() -> Path:
    """Give the folder of checkov, kubernetes-validate and their Python."""
    return Path(os.environ["JUDGES"])
