"""What Alertmanager tells a webhook, as data.

The form is version 4 of its webhook message (Alertmanager documentation, "Configuration",
`<webhook_config>`): one message tells of one group of alerts, for one receiver.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

FIRING = "firing"
RESOLVED = "resolved"
_MOST_ALERTS = 1000
_MOST_ERRORS = 3

Status = Literal["firing", "resolved"]


@dataclass(frozen=True, slots=True)
class PagedAlert:
    """One alert of a notification.

    Attributes:
        name: as the rule says (`alertname`).
        status: `firing` or `resolved`.
        labels: the others.
        annotations: the rule's texts, filled in.
        started: when the rule began to fire, Unix seconds.
        ended: when it stopped, Unix seconds; None while it fires.
    """

    name: str
    status: Status
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    started: float
    ended: float | None


@dataclass(frozen=True, slots=True)
class Notification:
    """One message.

    Attributes:
        at: when it was received, Unix seconds.
        receiver: to whom Alertmanager's routes sent it.
        status: `firing` while any alert of the group fires.
        alerts: the group.
    """

    at: float
    receiver: str
    status: Status
    alerts: tuple[PagedAlert, ...]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class _Alert(_Wire):
    status: Status
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime

    def plain(self) -> PagedAlert:
        ended = self.ends_at.timestamp() if self.status == RESOLVED else None
        labels = {key: text for key, text in self.labels.items() if key != "alertname"}
        name, started = self.labels.get("alertname", ""), self.starts_at.timestamp()
        return PagedAlert(name, self.status, labels, self.annotations, started, ended)


class _Message(_Wire):
    version: Literal["4"]
    receiver: str
    status: Status
    alerts: list[_Alert] = Field(min_length=1, max_length=_MOST_ALERTS)


def parse(body: bytes, at: float) -> Notification:
    """Read a message.

    Args:
        body: JSON.
        at: when it was received, Unix seconds.

    Raises:
        ValueError: it is no such message; the text is one line.
    """
    try:
        message = _Message.model_validate_json(body)
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False)[:_MOST_ERRORS]
        ]
        line = " ".join("; ".join(wrong).split())  # a key may hold a line break
        raise ValueError(f"no message of Alertmanager, version 4: {line}") from error
    alerts = tuple(alert.plain() for alert in message.alerts)
    return Notification(at, message.receiver, message.status, alerts)
