"""Numbers and words as a reader wants them. Pure; nothing here raises for an odd number."""

import math
import re
from datetime import UTC, datetime

NOTHING = "–"  # noqa: RUF001 - a dash, as tables have it

# What XML forbids (control characters, surrogates, non-characters) and the marks that turn the
# direction of text: a span name must neither break the file nor disguise its neighbours.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_BEYOND = 1e15
_PERCENT_DIGITS = 3
_SECOND = 1000.0
_SHORT = 0.1  # below, microseconds read better
_FOUR_DIGITS = 999.5  # from here on ".3g" would write 1e+03
_TINY = 1e-4  # below, it would write a row of zeros


def clean(text: str, limit: int = 2000) -> str:
    """Return `text` fit for XML 1.0 and at most `limit` characters, with U+FFFD for the rest."""
    kept = text if len(text) <= limit else text[: limit - 1] + "…"
    return _UNPRINTABLE.sub("\ufffd", kept)


def finite(value: float) -> float | None:
    """Return `value` as a float, or None for NaN, an infinity or an integer beyond floats."""
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def count(value: float) -> str:
    """Return a whole number with thousands separated: `12,345`."""
    number = finite(value)
    if number is None:
        return NOTHING
    return f"{round(number):,}" if abs(number) < _BEYOND else "> 1e15"


def plain(value: float) -> str:
    """Return a number with three significant digits and no needless zeros: `0.25`, `12.5`."""
    number = finite(value)
    if number is None:
        return NOTHING
    if abs(number) >= _FOUR_DIGITS:
        return count(number)
    return f"{number:.3g}" if abs(number) >= _TINY or number == 0 else f"{number:.1e}"


def milliseconds(value: float) -> str:
    """Return a duration given in milliseconds with its unit: `40 µs`, `41 ms`, `1.25 s`."""
    number = finite(value)
    if number is None:
        return NOTHING
    if 0 < abs(number) < _SHORT:
        return f"{plain(number * _SECOND)} µs"
    return f"{plain(number / _SECOND)} s" if abs(number) >= _SECOND else f"{plain(number)} ms"


def percent(ratio: float) -> str:
    """Return a ratio as per cent, rounded down, so that 0.99996 never reads as 100 %."""
    number = finite(ratio)
    if number is None or abs(number) >= _BEYOND:
        return NOTHING
    for digits in range(_PERCENT_DIGITS):
        shown = math.floor(number * 100 * 10**digits + 1e-9) / 10**digits
        if abs(number * 100 - shown) <= min(abs(shown), abs(100 - shown)) / 10:
            break
    return f"{shown:.{digits}f} %"


def measure(value: float | None, unit: str) -> str:
    """Return `value` in an objective's unit: "ratio" as per cent, "ms", "1/s" as per second."""
    if value is None:
        return NOTHING
    if unit == "ratio":
        return percent(value)
    return milliseconds(value) if unit == "ms" else f"{plain(value)} {unit}".strip()


def moment(epoch: float) -> str:
    """Return seconds since the epoch as a UTC date and time; a dash when no calendar has it."""
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return NOTHING


def time_of_day(epoch: float) -> str:
    """Return seconds since the epoch as a time of day, UTC; a dash when no calendar has it."""
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return NOTHING
