"""What an alert must not miss is on the page at 0 before it happens, and leads to its trace."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from meshdoctor.faults import CAUSES
from meshdoctor.mesh import MeshChannel, MeshPolicy, Resolver, Target
from meshdoctor.telemetry import ClientCalls, Telemetry, TelemetrySettings
from meshdoctor.telemetry.causes import Guess
from meshdoctor.telemetry.context import TraceContext, current
from meshdoctor.telemetry.otlp import OtlpSpans
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.settle import FailureCounter
from tests.support.mesh_net import free_port
from tests.support.tally import SECONDS, Tally, until

METHOD = "shop.Books/Find"
OTHER = "shop.Books/List"
CALLS = "rpc_client_call_duration_seconds_count"
FAILURES = "rpc_client_failures_total"
DNS_FAILURES = "rpc_client_dns_failures_total"
RETRIES = "rpc_client_retries_total"
LOOKUPS = "dns_lookup_duration_seconds_count"
DNS_CAUSES = {code for code in CAUSES if code.startswith("dns-")}
HERE = TraceContext(7, 8, sampled=True)


class Silence(grpc.RpcError):
    """What gRPC raises when the deadline passes and nothing was heard."""

    def code(self) -> grpc.StatusCode:
        """Return the status code."""
        return grpc.StatusCode.DEADLINE_EXCEEDED

    def details(self) -> str:
        """Return the status text."""
        return "Deadline Exceeded"


class Refusal(Silence):
    """What gRPC raises when DNS says that the name does not exist."""

    def code(self) -> grpc.StatusCode:
        """Return the status code."""
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        """Return the status text."""
        return "DNS resolution failed for shop: Domain name not found"


@pytest.fixture
def tally() -> Tally:
    """Give a registry."""
    return Tally()


@pytest.fixture
def sampled() -> Iterator[None]:
    """Be within a request that is traced."""
    token = current.set(HERE)
    yield
    current.reset(token)


def values(tally: Tally, name: str, *labels: str) -> dict[str, float]:
    """Return every series of a sample, also those at 0, by the values of these labels."""
    return {
        " ".join(sample.labels[label] for label in labels): sample.value
        for family in tally.registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def books(tally: Tally, failures: FailureCounter | None = None) -> ClientCalls:
    """Open the books of a channel."""
    return ClientCalls("shop:1", Outlets(tally.instruments), failures)


def test_a_method_has_every_cause_from_its_first_call_on(tally: Tally) -> None:
    """All causes at 0 while the first call still runs; the method that nobody calls has none."""
    call = books(tally, FailureCounter(tally.instruments)).begin(METHOD)

    assert {f"{METHOD} {code}": 0.0 for code in CAUSES} == values(
        tally, FAILURES, "rpc_method", "cause"
    )
    call.failed(Silence(), Guess("app-deadline"))
    assert {"app-deadline": 1} == tally.by(FAILURES, "cause")
    assert len(CAUSES) == len(values(tally, FAILURES, "cause"))


def test_dns_causes_are_there_before_any_call(tally: Tally) -> None:
    """Every cause that is about DNS, and no other, at 0 from the start."""
    FailureCounter(tally.instruments)

    assert dict.fromkeys(DNS_CAUSES, 0.0) == values(tally, DNS_FAILURES, "cause")


def test_who_counts_no_causes_promises_none(tally: Tally) -> None:
    """Without a counter of failures there is no 0 that would claim that there were none."""
    books(tally).begin(METHOD).failed(Refusal())

    assert {} == values(tally, FAILURES, "cause")
    assert {"UNAVAILABLE": 1} == tally.by(CALLS, "rpc_response_status_code")


def test_a_stub_on_the_mesh_has_its_series_before_its_first_call(tally: Tally) -> None:
    """Causes of each method, outcomes of second tries where there may be one, a good lookup."""
    calls = books(tally, FailureCounter(tally.instruments))
    resolver = Resolver([("127.0.0.1", free_port("127.0.0.1"))])
    policy = MeshPolicy(idempotent={METHOD})
    with MeshChannel(Target("shop.", 1), policy, calls, resolver=resolver) as channel:
        for method in (METHOD, OTHER):
            channel.unary_unary(f"/{method}")

        assert {f"{METHOD} sent": 0.0, f"{METHOD} denied": 0.0} == values(
            tally, RETRIES, "rpc_method", "outcome"
        )
        assert 2 * len(CAUSES) == len(values(tally, FAILURES, "rpc_method", "cause"))
        assert {METHOD: 0.0, OTHER: 0.0} == values(tally, "rpc_client_active_calls", "rpc_method")
        assert 0.0 == values(tally, LOOKUPS, "dns_question_name", "error_type")["shop. "]


def test_an_address_is_not_looked_up(tally: Tally) -> None:
    """A target that is an address promises no lookups: a 0 would say that none has failed."""
    with MeshChannel(Target("127.0.0.1", 1), MeshPolicy(), books(tally)):
        assert {} == values(tally, LOOKUPS, "dns_question_name")


def test_spans_have_both_outcomes_before_the_first(tally: Tally) -> None:
    """Exported and dropped at 0 as soon as there is an exporter."""
    spans = OtlpSpans(f"http://127.0.0.1:{free_port('127.0.0.1')}", {}, tally.instruments)

    assert {"exported": 0.0, "dropped": 0.0} == values(tally, "telemetry_spans_total", "outcome")
    spans.shutdown(0.5)


def test_calls_in_flight_are_counted_without_metrics() -> None:
    """With metrics off and lines on, calls begin and end, and nothing is left of them."""
    calls = ClientCalls("shop:1", Outlets())
    first, second = calls.begin(METHOD), calls.begin(METHOD)
    first.ok()
    second.failed(Refusal())

    assert {METHOD: set()} == calls.active


def test_two_channels_share_one_gauge(tally: Tally) -> None:
    """Calls of one method over two channels add up, and each end takes its own away."""
    calls: list[Any] = [books(tally).begin(METHOD) for _channel in range(2)]

    assert {METHOD: 2} == tally.by("rpc_client_active_calls", "rpc_method")
    calls[0].ok()
    assert {METHOD: 1} == tally.by("rpc_client_active_calls", "rpc_method")


@pytest.mark.usefixtures("sampled")
@pytest.mark.parametrize(
    ("error", "cause"), [(Refusal(), "dns-nxdomain"), (Silence(), "connect-refused")]
)
def test_a_counted_failure_leads_to_its_trace(
    tally: Tally, error: grpc.RpcError, cause: str
) -> None:
    """The counter's exemplar is the call's trace, also where a probe had to find the cause."""
    failures = FailureCounter(tally.instruments, lambda _target: "connect-refused")
    books(tally, failures).begin(METHOD).failed(error)

    assert until(lambda: bool(exemplars(tally, FAILURES)))
    assert {cause: HERE.trace_hex} == exemplars(tally, FAILURES)
    dns = {cause: HERE.trace_hex} if cause in DNS_CAUSES else {}
    assert dns == exemplars(tally, DNS_FAILURES)
    failures.close(SECONDS)


def test_a_failure_without_a_trace_leads_nowhere(tally: Tally) -> None:
    """A call that is not sampled has no trace, so its failure names none."""
    books(tally, FailureCounter(tally.instruments)).begin(METHOD).failed(Refusal())

    assert {"dns-nxdomain": 1} == tally.by(FAILURES, "cause")
    assert {} == exemplars(tally, FAILURES)


def test_metrics_that_are_off_promise_nothing() -> None:
    """A channel whose telemetry has no metrics is made and closed all the same."""
    told = Telemetry(TelemetrySettings.model_validate({"metrics": False}), "shop")
    calls = told.client_calls("shop:1")
    with MeshChannel(Target("127.0.0.1", 1), MeshPolicy(idempotent={METHOD}), calls) as channel:
        channel.unary_unary(f"/{METHOD}")
    told.shutdown(0.5)


def exemplars(tally: Tally, name: str) -> dict[str, str]:
    """Return the trace ids on a counter, by cause."""
    return {
        sample.labels["cause"]: sample.exemplar.labels["trace_id"]
        for family in tally.registry.collect()
        for sample in family.samples
        if sample.name == name and sample.exemplar is not None
    }
