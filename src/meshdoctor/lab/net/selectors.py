"""Label selectors of Kubernetes."""

from collections.abc import Mapping

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.topology import Manifest


def selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Say whether a selector matches; an empty one matches everything.

    Raises:
        LabError: it says something that the lab does not know.
    """
    if unknown := set(selector) - {"matchLabels", "matchExpressions"}:
        raise LabError(f"the lab knows no label selector with {', '.join(sorted(unknown))}")
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items() and all(
        _holds(each, labels) for each in selector.get("matchExpressions", ())
    )


def _holds(expression: Manifest, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", ())
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise LabError(f"the lab knows no label selector with {expression['operator']!r}")
