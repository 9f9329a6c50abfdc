"""Which alerts there were in a run, and from when to when, as Prometheus remembers it.

Prometheus keeps a series `ALERTS` for each alert while it is pending or firing, with the alert's
labels and its state (Prometheus documentation, "Alerting rules").
"""

from collections.abc import Iterator

from meshdoctor.lab.model import AlertSpan
from meshdoctor.lab.promquery import Curve, Prometheus

_SERIES = "ALERTS"
_NAME, _STATE = "alertname", "alertstate"
_OWN = {"__name__", _NAME, _STATE}
_GAP = 1.5  # steps; a point that is missing lies two steps from the last


def alert_timeline(
    prometheus: Prometheus, start: float, end: float, step: float
) -> tuple[AlertSpan, ...]:
    """Return the alerts of a while, the oldest first.

    Args:
        prometheus: whom to ask.
        start: Unix seconds.
        end: Unix seconds.
        step: seconds between two looks; what was shorter may be missed. Prometheus refuses more
            than 11,000 looks.

    Returns:
        A span for each time that an alert was in one state.

    Raises:
        PrometheusError: it did not answer.
    """
    curves = prometheus.range(_SERIES, start, end, step)
    spans = [span for curve in curves for span in alert_spans(curve, end, step)]
    return tuple(
        sorted(spans, key=lambda span: (span.start, span.name, sorted(span.labels.items())))
    )


def alert_spans(curve: Curve, end: float, step: float) -> Iterator[AlertSpan]:
    """Cut a series of looks into spans, wherever a look is missing.

    Args:
        curve: one series of `ALERTS`, with a point for each look that found it.
        end: when the last look was; no span is longer.
        step: seconds between two looks.
    """
    labels = {key: text for key, text in curve.labels.items() if key not in _OWN}
    name, state = curve.labels[_NAME], curve.labels[_STATE]
    times = [at for at, _value in curve.points]
    for first, last in _runs(times, step * _GAP):
        yield AlertSpan(name, labels, state, first, min(last + step, end))


def _runs(times: list[float], gap: float) -> Iterator[tuple[float, float]]:
    """First and last of each stretch of times that are less than `gap` apart."""
    if not times:
        return
    first = last = times[0]
    for at in times[1:]:
        if at - last > gap:
            yield first, last
            first = at
        last = at
    yield first, last
