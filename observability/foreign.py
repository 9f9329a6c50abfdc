"""Metrics that others make and we read: their names and where they come from, once.

`Source` says who must run for a series to exist. A run of the mesh on one machine has no
Kubernetes and no agent, so what needs those is expected to be silent there, and nothing else is.
"""

from enum import StrEnum
from typing import Final


class Source(StrEnum):
    """Who makes a series."""

    SERVICES = "services"
    PROMETHEUS = "prometheus"
    LOAD = "load"
    AGENT = "agent"
    CLUSTER = "cluster"


UP: Final = "up"
ALERTS: Final = "ALERTS"
SCRAPE_SECONDS: Final = "scrape_duration_seconds"
SCRAPE_SAMPLES: Final = "scrape_samples_post_metric_relabeling"
SCRAPE_ADDED: Final = "scrape_series_added"
"""Made by Prometheus itself."""

PROCESS_CPU: Final = "process_cpu_seconds_total"
PROCESS_MEMORY: Final = "process_resident_memory_bytes"
PROCESS_FILES: Final = "process_open_fds"
PROCESS_MOST_FILES: Final = "process_max_fds"
PROCESS_START: Final = "process_start_time_seconds"
GC_COLLECTIONS: Final = "python_gc_collections_total"
GC_COLLECTED: Final = "python_gc_objects_collected_total"
"""Made by prometheus-client's collectors in each service."""

POD_WAITING: Final = "kube_pod_container_status_waiting_reason"
POD_LAST_ENDED: Final = "kube_pod_container_status_last_terminated_reason"
POD_RESTARTS: Final = "kube_pod_container_status_restarts_total"
"""Made by kube-state-metrics."""

SOURCES: Final = {
    **dict.fromkeys((UP, ALERTS, SCRAPE_SECONDS, SCRAPE_SAMPLES, SCRAPE_ADDED), Source.PROMETHEUS),
    **dict.fromkeys(
        (
            *(PROCESS_CPU, PROCESS_MEMORY, PROCESS_FILES, PROCESS_MOST_FILES, PROCESS_START),
            *(GC_COLLECTIONS, GC_COLLECTED),
        ),
        Source.SERVICES,
    ),
    **dict.fromkeys((POD_WAITING, POD_LAST_ENDED, POD_RESTARTS), Source.CLUSTER),
}
"""Who makes each of these."""
