"""Prometheus and Alertmanager as two more processes of the lab.

Written for Prometheus 2.42 and Alertmanager 0.25, which Debian 12 has; nothing here is gone in 3.x.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from meshdoctor.lab.processes import Program

_INTERVAL = "1s"  # a run lasts a minute; at the usual 15 s its curves would have four points
_RETENTION = "1d"
# It learns of its Alertmanager 5 s after its start and drops what fires before; a minute, its own
# default, is long to wait for the next sending.
_RESEND = "10s"
_SHARE = Path("/usr/share")
_WEB_ASSETS = "prometheus/web"
_TEMPLATE = "prometheus/alertmanager/default.tmpl"
# Private to the process: its own user and mount namespace (unshare(1)), so no root is needed.
_WITH_SHARE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
_BIND_SHARE = 'mount --bind "$0" /usr/share && exec "$@"'


def prometheus(
    binary: Path,
    folder: Path,
    address: str,
    jobs: Mapping[str, tuple[str, ...]],
    alerts_to: str,
    rules: Path | None = None,
) -> Program:
    """Write Prometheus' configuration.

    Args:
        binary: the program.
        folder: for its configuration and its data; data of a run before is removed.
        address: `host:port` to listen on.
        jobs: addresses (`host:port`) of metrics pages by job name.
        alerts_to: `host:port` of the Alertmanager.
        rules: a file of rules; None for none. Each of its groups says how often it is looked at.

    Returns:
        What to start.
    """
    scrapes = [
        {"job_name": job, "static_configs": [{"targets": list(addresses)}]}
        for job, addresses in jobs.items()
    ]
    return scraping(binary, folder, address, scrapes, alerts_to, rules)


def scraping(
    binary: Path,
    folder: Path,
    address: str,
    scrapes: Sequence[Mapping[str, Any]],
    alerts_to: str,
    rules: Path | None = None,
) -> Program:
    """Write Prometheus' configuration; as `prometheus` does.

    Args:
        binary: the program.
        folder: for its configuration and its data; data of a run before is removed.
        address: `host:port` to listen on.
        scrapes: the configuration's `scrape_configs`.
        alerts_to: `host:port` of the Alertmanager.
        rules: a file of rules; None for none.
    """
    config = {
        "global": {"scrape_interval": _INTERVAL, "scrape_timeout": _INTERVAL},
        "rule_files": [str(rules.resolve())] if rules else [],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alerts_to]}]}]},
        "scrape_configs": scrapes,
    }
    return Program(
        name="prometheus",
        command=(
            str(binary),
            f"--config.file={_write(folder / 'prometheus.yml', config)}",
            f"--storage.tsdb.path={_empty(folder / 'prometheus-data')}",
            f"--storage.tsdb.retention.time={_RETENTION}",
            f"--web.listen-address={address}",
            f"--rules.alert.resend-delay={_RESEND}",
            "--enable-feature=exemplar-storage",
            *_assets(binary),
        ),
        ready=f"http://{address}/-/ready",
    )


def alertmanager(
    binary: Path, folder: Path, address: str, routes: Mapping[str, Any] | None = None
) -> Program:
    """Write Alertmanager's configuration.

    Args:
        binary: the program.
        folder: for its configuration and its data; data of a run before is removed.
        address: `host:port` to listen on.
        routes: the configuration; None for one that shows alerts and sends them to nobody.

    Returns:
        What to start.
    """
    config = routes or {"route": {"receiver": "page-only"}, "receivers": [{"name": "page-only"}]}
    return Program(
        name="alertmanager",
        command=(
            *_with_templates(binary),
            f"--config.file={_write(folder / 'alertmanager.yml', config)}",
            f"--storage.path={_empty(folder / 'alertmanager-data')}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",  # alone; otherwise it listens on every interface
        ),
        ready=f"http://{address}/-/ready",
    )


def _write(path: Path, config: Mapping[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")  # JSON is YAML
    return path


def _empty(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _assets(binary: Path) -> tuple[str, ...]:
    """Debian's build reads its web pages from /usr/share; an unpacked one is told otherwise."""
    share = _share(binary)
    return (f"--web.local-assets={share / _WEB_ASSETS}",) if share else ()


def _with_templates(binary: Path) -> tuple[str, ...]:
    """Debian's build opens its templates in /usr/share and can be told nothing else.

    An unpacked one gets to see its own tree there.
    """
    share = _share(binary)
    if not share or (_SHARE / _TEMPLATE).exists() or not (share / _TEMPLATE).exists():
        return (str(binary),)
    return (*_WITH_SHARE, _BIND_SHARE, str(share), str(binary))


def _share(binary: Path) -> Path | None:
    """The share folder of an unpacked package; None for an installed one and other builds."""
    share = binary.resolve().parent.parent / "share"
    return share if share != _SHARE and (share / "prometheus").is_dir() else None
