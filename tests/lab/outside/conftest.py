"""What the tests share that look at the sandbox from outside."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.people import ordinary_python


@pytest.fixture(scope="session")
def ordinary() -> Iterator[tuple[str, ...]]:
    """The command of a Python that runs without privileges, with a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        yield ordinary_python(Path(home))
