"""Reports, as the doctor finds them. The agent does not load this: it needs pydantic's types."""

from typing import Final

from pydantic import TypeAdapter, ValidationError

from meshdoctor.probes.mesh.evidence import Report

_ADAPTER: Final = TypeAdapter(Report)


class ReportError(ValueError):
    """A text is no report; the message says where it stops to be one."""


def load(text: str, name: str) -> Report:
    """Read what an agent wrote.

    Args:
        text: JSON.
        name: of the object, for messages.

    Raises:
        ReportError: it is something else.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ReportError(f"{name} is no report of an agent: {place} {first['msg']}") from error
