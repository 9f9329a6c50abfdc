"""Who hears of which alert, and which alert explains which: Alertmanager's configuration."""

from itertools import pairwise
from typing import Any, Final

from observability import knobs
from observability.model import Rank, Severity
from observability.watch import CAUSE_RECENT, EVERYWHERE, FAR_REACHING, WITHIN, paging_windows

ORDER: Final = (
    *(Rank.NETWORK, Rank.DNS, Rank.CLUSTER, Rank.ROUTING),
    *(Rank.RPC, Rank.ABSENCE, Rank.BURN),
)
"""From the root of things to their effects."""

NOBODY: Final = "nobody"

_NAMESPACE: Final = ["namespace"]
_JOB: Final = ["namespace", "job"]


def config() -> dict[str, Any]:
    """Return the configuration (Alertmanager 0.25 and later, "Configuration").

    Returns:
        Plain data for YAML. Who puts other receivers in their place keeps the names.
    """
    return {
        "route": _route(),
        "receivers": [
            {"name": Severity.PAGE.value, "webhook_configs": [{"url": knobs.PAGE_WEBHOOK}]},
            {"name": Severity.TICKET.value, "webhook_configs": [{"url": knobs.TICKET_WEBHOOK}]},
            {"name": NOBODY},
        ],
        "inhibit_rules": [*_by_rank(), *_of_one_thing(), *_burns()],
    }


def _route() -> dict[str, Any]:
    page, ticket = Severity.PAGE.value, Severity.TICKET.value
    return {
        # What comes from rules that are not ours is no reason to wake anybody.
        "receiver": ticket,
        # By cause, too: Prometheus goes on telling of what is over for a quarter of an hour, and in
        # a message about one cause the end of another would make it a second message.
        "group_by": ["alertname", "namespace", "cause"],
        "group_wait": f"{knobs.GROUP_WAIT_SECONDS}s",
        "group_interval": f"{knobs.GROUP_INTERVAL_SECONDS}s",
        "repeat_interval": knobs.REPEAT_INTERVAL,
        "routes": [
            # One fault spends several budgets: one page tells all of them.
            {
                "matchers": [_is("severity", page), _is("rank", Rank.BURN)],
                "receiver": page,
                "group_by": _NAMESPACE,
            },
            {"matchers": [_is("severity", page)], "receiver": page},
            {"matchers": [_is("severity", ticket)], "receiver": ticket},
            {"matchers": [_is("severity", Severity.NONE)], "receiver": NOBODY},
        ],
    }


def _by_rank() -> list[dict[str, Any]]:
    """A page silences the pages of every lower rank."""
    return [
        _pages(rank, ORDER[place + 1 :], [] if rank in FAR_REACHING else _NAMESPACE)
        for place, rank in enumerate(ORDER[:-1])
    ]


def _of_one_thing() -> list[dict[str, Any]]:
    """Alerts that tell of one thing in two ways: one of them is enough."""
    shedding = _is("alertname", "GrpcLoadShedding")
    turned_away = [shedding, _is("severity", Severity.PAGE)]
    late = [_is("alertname", "RecommendationsUnavailableRate"), _is("cause", "app-deadline")]
    absent, down = _is("alertname", "ServiceAbsent"), _is("alertname", "TargetScrapeDown")
    servers, lookups = (
        _is("alertname", "DnsServerUnanswered"),
        _is("alertname", "DnsFailureRatioHigh"),
    )
    return [
        # The server that is silent, and what callers notice of it. Agents have no caller's place.
        _silences([servers], [lookups], []),
        # A backend that gets too much is late before it turns calls away, and meanwhile.
        _silences(turned_away, late, _JOB),
        _silences(turned_away, [shedding, _is("severity", Severity.TICKET)], _JOB),
        _silences([absent], [down], _JOB),
    ]


def _burns() -> list[dict[str, Any]]:
    """A fault that has been paged explains burning for as long as the windows remember it."""
    burning = [_is("severity", Severity.PAGE), _is("rank", Rank.BURN)]

    def recent(reach: str) -> list[str]:
        return [_is("alertname", CAUSE_RECENT), _is("reach", reach)]

    return [
        _silences(recent(EVERYWHERE), burning, ["window"]),
        _silences(recent(WITHIN), burning, ["namespace", "window"]),
        # What spends a budget fast spends it also at every slower speed that pages.
        *(
            _silences(
                [*burning, _is("window", faster)],
                [*burning, _is("window", slower)],
                ["namespace", "slo"],
            )
            for faster, slower in pairwise(paging_windows())
        ),
    ]


def _pages(rank: Rank, below: tuple[Rank, ...], equal: list[str]) -> dict[str, Any]:
    page = _is("severity", Severity.PAGE)
    return _silences([page, _is("rank", rank)], [page, _any("rank", below)], equal)


def _silences(source: list[str], target: list[str], equal: list[str]) -> dict[str, Any]:
    rule: dict[str, Any] = {"source_matchers": source, "target_matchers": target}
    return {**rule, "equal": equal} if equal else rule


def _is(label: str, value: str) -> str:
    return f'{label}="{value}"'


def _any(label: str, values: tuple[str, ...]) -> str:
    return f'{label}=~"{"|".join(values)}"'
