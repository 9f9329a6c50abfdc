"""Settings from the environment, read once, every fault told at once."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

EXIT_USAGE = 2
"""Exit code for bad settings, as `argparse` and the shells use it for bad usage."""

_SHOWN = 60

S = TypeVar("S", bound=BaseSettings)


class SettingsError(ValueError):
    """The environment holds values that the service cannot start with.

    Attributes:
        lines: one sentence per bad variable: which, what is wrong, what was found.
    """

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.lines = lines
        super().__init__("; ".join(lines))


def load_settings(settings: type[S]) -> S:
    """Read `settings` from the process environment.

    Raises:
        SettingsError: naming every bad variable, not only the first.
    """
    try:
        return settings()
    except ValidationError as error:
        raise SettingsError(_sentences(settings, error)) from error


def settings_or_exit(settings: type[S]) -> S:
    """Read `settings`, or print every bad variable on stderr and exit with `EXIT_USAGE`."""
    try:
        return load_settings(settings)
    except SettingsError as error:
        print("These settings cannot be used:", file=sys.stderr)
        for line in error.lines:
            print(f"  {line}", file=sys.stderr)
        sys.exit(EXIT_USAGE)


class ListenError(Exception):
    """A port cannot be used; the text names it and its setting."""


@contextmanager
def listening(host: str, port: int, setting: str) -> Iterator[None]:
    """Turn a failure to listen into the sentence that helps.

    Args:
        host: the address that is tried.
        port: the port that is tried.
        setting: the variable that moves it.

    Raises:
        ListenError: in place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise ListenError(
            f"cannot listen on {host} port {port}: another process has it, or the address is not"
            f" of this machine; free the port or set {setting}"
        ) from error


def _sentences(settings: type[BaseSettings], error: ValidationError) -> tuple[str, ...]:
    return tuple(
        f"{_variable(settings, problem['loc'])}: {problem['msg']}, found {_shown(problem['input'])}"
        for problem in error.errors(include_url=False, include_context=False)
    )


def _variable(settings: type[BaseSettings], location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "environment"
    if (field := settings.model_fields.get(name)) is not None:
        name = field.alias or f"{settings.model_config.get('env_prefix', '')}{name}"
    return name.upper()


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
