"""How an alert by cause is measured: seen or not, for how long, how much, and from which cause.

The four steps are recording rules, so that dashboards show what the alert judges.
"""

from dataclasses import dataclass

from observability import knobs
from observability.model import Record
from observability.promql import duration, rate, select, total

PLACE = ("namespace", "job")
"""What an alert is about: a job in a namespace. Where there are no namespaces, a job."""

_LOOK = duration(knobs.PERSISTENCE.look)
_WINDOW = duration(knobs.PERSISTENCE.window)
_ON_PLACE = f"on ({', '.join(PLACE)})"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Bad events among events, each with a cause.

    Attributes:
        name: of the series: `unavailable_calls`.
        events: selector of the counters of all events.
        bad: selector of the counters of the bad ones.
        named: selector of those of the bad ones whose cause tells something.
        cause: the label of `named` that holds the cause.
        level: the label whose values are judged one by one: one bad method, or one Pod of many,
            is trouble enough.
        threshold: the share of bad events above which it is trouble.
    """

    name: str
    events: str
    bad: str
    named: str
    cause: str
    level: str
    threshold: float

    @property
    def seen(self) -> str:
        """Name of the series that is 1 while the last seconds look bad, else 0."""
        return f"{self.level}:{self.name}:seen"

    @property
    def share(self) -> str:
        """Name of the series of the share of bad events, of the worst method or Pod."""
        return f"job:{self.name}:ratio_rate{_WINDOW}"

    @property
    def main_cause(self) -> str:
        """Name of the series, always 1, whose label `cause` is the one behind most bad events.

        While the trouble persists it stays the one that was told first: another cause would be
        another alert, and so a second page of one fault. The restart that mends a slow service
        makes many connections refused.
        """
        return f"job:{self.name}:cause"


def records(trouble: Trouble) -> tuple[Record, ...]:
    """Return the rules that measure it, each after those that it reads."""
    now = f"{trouble.level}:{trouble.name}:ratio_rate{_LOOK}"
    return (
        Record(now, _ratio(trouble, _LOOK)),
        Record(trouble.seen, f"{now} > bool {trouble.threshold:g}"),
        Record(trouble.share, f"max by ({', '.join(PLACE)}) (\n{_ratio(trouble, _WINDOW)}\n)"),
        Record(trouble.main_cause, _main_cause(trouble)),
    )


def expression(trouble: Trouble, *causes: str) -> str:
    """Return the alert: one series for each place, its value the share, its label the cause.

    Args:
        trouble: what is measured.
        causes: matchers of the label `cause`, where some causes have an alert of their own.
    """
    return (
        f"{trouble.share}\n"
        f"* {_ON_PLACE} group_right () {select(trouble.main_cause, *causes)}\n"
        f"and {_ON_PLACE} {persists(trouble.seen)}"
    )


def persists(seen: str, often: int = knobs.PERSISTENCE.seen) -> str:
    """Select what was seen often enough; see `knobs.Persistence`."""
    # A second less: Prometheus 2 counts a sample at the very start of a range, Prometheus 3 does
    # not, and both are to look at the same number of evaluations.
    window = duration(knobs.PERSISTENCE.window - 1)
    return f"sum_over_time({seen}[{window}]) >= {often}"


def _ratio(trouble: Trouble, window: str) -> str:
    by = (*PLACE, trouble.level)
    bad = total(rate(trouble.bad, window), *by)
    events = total(rate(trouble.events, window), *by)
    # A counter of failures does not exist before the first of them.
    return f"(\n  {bad}\n  or {events} * 0\n)\n/ {events}"


def _main_cause(trouble: Trouble) -> str:
    place = ", ".join(PLACE)
    named = rate(trouble.named, _WINDOW)
    if trouble.cause != "cause":
        named = f'label_replace({named}, "cause", "$1", "{trouble.cause}", "(.+)")'
    first = f"topk by ({place}) (1, {total(named, *PLACE, 'cause')} > 0)"
    bad = f"{total(rate(trouble.bad, _WINDOW), *PLACE)} > 0"
    told = f"{trouble.main_cause} and {_ON_PLACE} {persists(trouble.seen)}"
    unknown = f'label_replace({bad}, "cause", "unknown", "", "")'
    # An alert must not fall silent because nothing tells: then the cause is `unknown`.
    return f"(\n  {told}\n  or {_ON_PLACE} {first}\n  or {_ON_PLACE} {unknown}\n) > bool 0"
