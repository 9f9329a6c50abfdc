"""Label and field selectors, as queries write them.

Source: the Kubernetes documentation, "Labels and Selectors" and "Field Selectors".
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from meshdoctor.lab.kubeapi.refusals import bad_request

Manifest = dict[str, Any]

_COMMA: Final = re.compile(r",(?![^(]*\))")
_SET: Final = re.compile(r"^(\S+)\s+(in|notin)\s*\(([^)]*)\)$")
_PAIR: Final = re.compile(r"^([^!=\s]+)\s*(==|=|!=)\s*(\S*)$")
_NAME: Final = re.compile(r"^(!?)\s*([\w./-]+)$")


def matches(found: Manifest, query: Mapping[str, str]) -> bool:
    """Say whether an object is one of those that a query asks for."""
    labels = found["metadata"].get("labels") or {}
    wanted = _parts(query.get("labelSelector", ""))
    fields = _parts(query.get("fieldSelector", ""))
    return all(_label_holds(one, labels) for one in wanted) and all(
        _field_holds(one, found) for one in fields
    )


def _parts(selector: str) -> Iterator[str]:
    return (part.strip() for part in _COMMA.split(selector) if part.strip())


def _label_holds(part: str, labels: Mapping[str, str]) -> bool:
    if found := _SET.match(part):
        values = {value.strip() for value in found[3].split(",")}
        return (labels.get(found[1]) in values) == (found[2] == "in")
    if found := _PAIR.match(part):
        return (labels.get(found[1]) == found[3]) == (found[2] != "!=")
    if found := _NAME.match(part):
        return (found[2] in labels) != bool(found[1])
    raise bad_request(f"unable to parse requirement: {part}")


def _field_holds(part: str, found: Manifest) -> bool:
    pair = _PAIR.match(part)
    if not pair:
        raise bad_request(f"invalid field selector: {part}")
    value: Any = found
    for step in pair[1].split("."):
        value = value.get(step, "") if isinstance(value, dict) else ""
    return (str(value) == pair[3]) == (pair[2] != "!=")
