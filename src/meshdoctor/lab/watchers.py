"""The watchers of `observability/generated`, as the lab runs them.

The alert rules are taken as they are. Of Alertmanager's configuration everything is taken but to
whom its receivers send: here that is the lab's pager, under the receivers' own names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

GENERATED: Final = Path(__file__).parents[3] / "observability" / "generated"
RULES: Final = Path("prometheus/rules.yaml")
ROUTES: Final = Path("alertmanager/alertmanager.yaml")


@dataclass(frozen=True, slots=True)
class Watchers:
    """What Prometheus and Alertmanager are to do beside storing and showing.

    Attributes:
        rules: the file of alert rules; None for no alerts.
        routes: Alertmanager's configuration; None for one that tells nobody.
        notes: a sentence for each that is missing.
    """

    rules: Path | None = None
    routes: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


def read(generated: Path, pager: str) -> Watchers:
    """Read what was generated.

    Args:
        generated: the folder; it is part of the checkout and of no installation.
        pager: the address to which Alertmanager is to send.

    Returns:
        The watchers; what cannot be read is None and has a note.
    """
    rules, routes = generated / RULES, generated / ROUTES
    if not rules.is_file():
        return Watchers(notes=(f"nothing is alerted: no alert rules at {rules}",))
    try:
        return Watchers(rules, to_pager(yaml.safe_load(routes.read_text("utf-8")), pager))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        return Watchers(rules, notes=(f"alerts page nobody: no routes at {routes}: {reason}",))


def to_pager(config: Any, pager: str) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """Send all that a configuration of Alertmanager sends to one webhook.

    Args:
        config: the configuration (Alertmanager documentation, "Configuration").
        pager: the webhook's address.

    Returns:
        A configuration with the same routes and the same names of receivers. One that sends to
        nobody sends to the pager too: its notifications show that the chain works.

    Raises:
        ValueError: it names no receivers.
    """
    try:
        names = [receiver["name"] for receiver in config["receivers"]]
    except (KeyError, TypeError):
        names = []
    if not names:
        raise ValueError("it names no receivers")
    webhook = {"url": pager, "send_resolved": True}
    return {**config, "receivers": [{"name": name, "webhook_configs": [webhook]} for name in names]}
