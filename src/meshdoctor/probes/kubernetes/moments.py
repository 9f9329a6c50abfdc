"""Moments as a Kubernetes API writes them."""

from datetime import datetime


def elapsed(start: str, end: str) -> float | None:
    """Return the seconds between two moments.

    Args:
        start: as RFC 3339 writes it.
        end: the same.

    Returns:
        None when one of them is missing, or is no moment.
    """
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (TypeError, ValueError):  # TypeError: one has a zone and the other has none
        return None
