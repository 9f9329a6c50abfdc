"""All telemetry of a process: what is off costs nothing, and what was opened is closed."""

import http.client
import socket
import threading
import time
from contextlib import closing

import pytest

from meshdoctor.lab.traces import TraceReceiver
from meshdoctor.telemetry import Telemetry, TelemetrySettings
from tests.support.mesh_net import free_port
from tests.unit.telemetry.test_otlp import a_span


def telemetry(**changed: object) -> Telemetry:
    """Make the telemetry of a process with some settings changed."""
    return Telemetry(TelemetrySettings.model_validate(changed), "shop")


def page(port: int) -> str:
    """Return the metrics page."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()


def test_what_is_off_is_not_there() -> None:
    """Without metrics there is no page, without an endpoint no exporter, with nothing no books."""
    off = telemetry(metrics=False, traces=False, logs=False)
    before = threading.active_count()

    assert (None, None, None) == (
        off.serve_metrics("127.0.0.1", 0),
        off.spans,
        off.client_calls("shop:1"),
    )
    assert () == off.server_interceptors()
    assert before == threading.active_count()
    off.shutdown()


@pytest.mark.parametrize("switch", ["metrics", "logs", "traces"])
def test_one_outlet_is_enough_for_books(switch: str) -> None:
    """Each of metrics, logs and traces works without the two others."""
    only = telemetry(**{"metrics": False, "logs": False, "traces": False, switch: True})

    assert only.client_calls("shop:1") is not None
    assert 1 == len(only.server_interceptors())
    only.shutdown()


def test_traces_that_are_off_are_not_exported() -> None:
    """An endpoint alone makes no exporter."""
    assert None is telemetry(traces=False, otlp_endpoint="http://127.0.0.1:1").spans


def test_two_processes_worth_of_telemetry_can_live_together() -> None:
    """Each has a registry of its own, with the figures of process and interpreter."""
    first, second = telemetry(), telemetry()
    ports = [each.serve_metrics("127.0.0.1", 0) for each in (first, second)]
    pages = [page(port) for port in ports if port]
    for each in (first, second):
        each.shutdown()

    assert 2 == len(pages)
    for shown in pages:
        assert "process_cpu_seconds_total" in shown
        assert "python_info" in shown


def test_the_shutdown_flushes_spans_and_gives_the_port_back() -> None:
    """After it the spans are with the collector and the metrics port is free."""
    with TraceReceiver("127.0.0.1", 0) as receiver:
        told = telemetry(otlp_endpoint=receiver.endpoint)
        port = told.serve_metrics("127.0.0.1", 0)
        assert told.spans is not None
        told.spans.add(a_span())
        told.shutdown()

        assert 1 == receiver.store.received
    with socket.create_server(("127.0.0.1", port or 0)):
        pass


def test_the_shutdown_keeps_to_its_time() -> None:
    """With a probe that is stuck and no collector at all, it ends in about the time given."""
    told = telemetry(otlp_endpoint=f"http://127.0.0.1:{free_port('127.0.0.1')}")
    assert told.spans is not None
    for _ in range(1000):
        told.spans.add(a_span())
    start = time.monotonic()
    told.shutdown(1.0)

    assert 2.5 > time.monotonic() - start
