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

CONTAINER_PERIODS: Final = "container_cpu_cfs_periods_total"
CONTAINER_THROTTLED: Final = "container_cpu_cfs_throttled_periods_total"
CONTAINER_MEMORY: Final = "container_memory_working_set_bytes"
CONTAINER_MOST_MEMORY: Final = "container_spec_memory_limit_bytes"
KUBELET_PODS: Final = "kubelet_running_pods"
KUBELET_FAILURES: Final = "kubelet_runtime_operations_errors_total"
"""Made by the kubelet on each node: the first four by the cAdvisor in it."""

COREDNS_ANSWERS: Final = "coredns_dns_responses_total"
COREDNS_BUCKETS: Final = "coredns_dns_request_duration_seconds_bucket"
"""Made by CoreDNS."""

PROBE_SUCCESS: Final = "probe_success"
PROBE_SECONDS: Final = "probe_duration_seconds"
"""Made by the blackbox exporter, which Prometheus tells whom to ask."""

PROMETHEUS_CONFIG: Final = "prometheus_config_last_reload_successful"
PROMETHEUS_RULE_FAILURES: Final = "prometheus_rule_evaluation_failures_total"
PROMETHEUS_LOST_ALERTS: Final = "prometheus_notifications_errors_total"
PROMETHEUS_SERIES: Final = "prometheus_tsdb_head_series"
PROMETHEUS_BLOCKS: Final = "prometheus_tsdb_storage_blocks_bytes"
"""Made by Prometheus about itself, which it scrapes."""

ALERTMANAGER_CONFIG: Final = "alertmanager_config_last_reload_successful"
ALERTMANAGER_FAILURES: Final = "alertmanager_notifications_failed_total"
"""Made by Alertmanager."""

SOURCES: Final = {
    **dict.fromkeys(
        (
            *(UP, ALERTS, SCRAPE_SECONDS, SCRAPE_SAMPLES, SCRAPE_ADDED),
            *(PROMETHEUS_CONFIG, PROMETHEUS_RULE_FAILURES, PROMETHEUS_LOST_ALERTS),
            *(PROMETHEUS_SERIES, PROMETHEUS_BLOCKS),
        ),
        Source.PROMETHEUS,
    ),
    **dict.fromkeys(
        (
            *(PROCESS_CPU, PROCESS_MEMORY, PROCESS_FILES, PROCESS_MOST_FILES, PROCESS_START),
            *(GC_COLLECTIONS, GC_COLLECTED),
        ),
        Source.SERVICES,
    ),
    **dict.fromkeys(
        (
            *(POD_WAITING, POD_LAST_ENDED, POD_RESTARTS),
            *(CONTAINER_PERIODS, CONTAINER_THROTTLED, CONTAINER_MEMORY, CONTAINER_MOST_MEMORY),
            *(KUBELET_PODS, KUBELET_FAILURES, COREDNS_ANSWERS, COREDNS_BUCKETS),
            *(PROBE_SUCCESS, PROBE_SECONDS),
            *(ALERTMANAGER_CONFIG, ALERTMANAGER_FAILURES),
        ),
        Source.CLUSTER,
    ),
}
"""Who makes each of these."""
