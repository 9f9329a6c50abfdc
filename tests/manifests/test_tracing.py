"""The manifests' processes trace every request, and the collector's policies fit their spans."""

import http.client
import math
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshdoctor.lab.model import SERVER, Span, Trace, group_traces
from meshdoctor.lab.traces import TraceReceiver, is_complete
from tests.manifests.test_collector import COLLECTOR, config
from tests.support.manifests import KUBEADM, ROOT, Manifest
from tests.support.mesh_net import addresses, until
from tests.support.pod_process import PodProcess
from tests.support.tail_sampling import kept_by, policies_of

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(180)]

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TARGET = "MARKETPLACE_RECOMMENDATIONS_TARGET"
SECONDS = 60.0  # of a busy machine; a Pod has 30
PAGES = 500
BROKEN = 40
LATE = 20
POLICIES = policies_of(config(COLLECTOR))
ERRORS, SLOW, REST = (policy["name"] for policy in POLICIES)
OK = 200


def template(service: str, **more: str) -> Manifest:
    """Give a service's Pod, with more variables, if any."""
    found: Manifest = deepcopy(KUBEADM.named("Deployment", service)["spec"]["template"])
    (container,) = found["spec"]["containers"]
    container["env"] += [{"name": name, "value": value} for name, value in more.items()]
    return found


class Traced:
    """Both services as the manifests have them, but for addresses, and where their spans go.

    Attributes:
        backend: the one Pod of recommendations.
        shop: the marketplace.
        asked: how many pages.
    """

    def __init__(self, backend: PodProcess, shop: PodProcess) -> None:
        self.backend = backend
        self.shop = shop
        self.asked = 0

    def ask(self, pages: int) -> set[str | None]:
        """Ask for pages; return where they had their books from."""
        told = set()
        port = self.shop.port("http")
        with closing(http.client.HTTPConnection(self.shop.address, port, timeout=10)) as link:
            for _ in range(pages):
                link.request("GET", "/")
                response = link.getresponse()
                response.read()
                assert OK == response.status
                self.asked += 1
                told.add(response.headers["X-Mesh-Freshness"])
        return told

    def leave(self) -> None:
        """Let both end at once as the kubelet would, in the time that they have there."""
        ends_in_time(self.backend)
        ends_in_time(self.shop)


def ends_in_time(process: PodProcess) -> None:
    """Assert that SIGTERM ends a process in what its grace leaves, once preStop is over."""
    spec = template(process.container["name"])["spec"]
    before = process.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {})

    assert 0 == process.terminate(spec["terminationGracePeriodSeconds"] - before.get("seconds", 0))


@contextmanager
def traced(endpoint: str, backend: Manifest, shop: Manifest) -> Iterator[Traced]:
    """Run both services until the shop shows the backend's books, every page traced."""
    here, there = addresses(2)
    with PodProcess(backend, there, **{ENDPOINT: endpoint}) as books:
        books.becomes_ready(SECONDS)
        target = f"{there}:{books.port('grpc')}"
        with PodProcess(shop, here, **{ENDPOINT: endpoint, TARGET: target}) as front:
            front.becomes_ready(SECONDS)
            mesh = Traced(books, front)
            until(lambda: mesh.ask(1) == {"live"}, SECONDS)
            yield mesh


@dataclass(frozen=True, slots=True)
class Run:
    """What a collector got.

    Attributes:
        traces: all of them.
        asked: how many pages visitors asked for.
        moment: since when all went wrong; Unix time in nanoseconds.
    """

    traces: tuple[Trace, ...]
    asked: int
    moment: int

    def before(self) -> tuple[Trace, ...]:
        """Give the traces that were over by then."""
        return tuple(one for one in self.traces if max(s.end_ns for s in one.spans) < self.moment)

    def after(self) -> tuple[Trace, ...]:
        """Give the traces that began then."""
        return tuple(one for one in self.traces if min(s.start_ns for s in one.spans) > self.moment)


@pytest.fixture(scope="module")
def everyday() -> Run:
    """Give a run of two services, whose backend ends in good order on the way, and the shop then.

    Each is told to end at once after its last request, with its last spans still to be sent.
    """
    with TraceReceiver("127.0.0.1", 0) as receiver:
        pods = template("recommendations"), template("marketplace")
        with traced(receiver.endpoint, *pods) as mesh:
            assert {"live"} == mesh.ask(PAGES)
            ends_in_time(mesh.backend)
            until(lambda: "live" not in mesh.ask(1), SECONDS)
            moment = time.time_ns()
            assert "live" not in mesh.ask(BROKEN)
            ends_in_time(mesh.shop)
            return Run(group_traces(receiver.store.spans()), mesh.asked, moment)


def kept(traces: Iterable[Trace]) -> Counter[str]:
    """Count how many traces each policy keeps; `dropped` are those that none does."""
    found: Counter[str] = Counter()
    for trace in traces:
        found.update(kept_by(POLICIES, trace) or ["dropped"])
    return found


def test_every_request_is_traced_to_its_end(everyday: Run) -> None:
    """One whole trace for each page, with the spans of both Pods: a normal stop loses none."""
    roots = [trace.root for trace in everyday.traces]

    assert everyday.asked == len(roots)
    assert {("marketplace", "GET /", SERVER)} == {
        (root.service, root.name, root.kind) for root in roots if root
    }
    assert [] == [trace for trace in everyday.traces if not is_complete(trace)]
    services = Counter(span.service for trace in everyday.before() for span in trace.spans)
    assert services["recommendations"] >= PAGES


def test_traces_of_what_went_wrong_are_kept(everyday: Run) -> None:
    """A page without live books has a span that failed, and the policy for errors keeps it all."""
    assert BROKEN <= len(everyday.after()) == kept(everyday.after())[ERRORS]


def test_a_tenth_of_the_rest_is_kept(everyday: Run) -> None:
    """Of the pages that nothing was wrong with about nine in ten go; the bounds are 4 sigma."""
    well = [one for one in everyday.before() if {ERRORS, SLOW}.isdisjoint(kept_by(POLICIES, one))]
    share = kept(well)[REST] / len(well)
    sigma = math.sqrt(0.1 * 0.9 / len(well))

    # On a machine that is busy some are slow, and kept for that.
    assert len(well) > PAGES / 2
    assert abs(share - 0.1) < 4 * sigma


def test_slow_traces_are_kept() -> None:
    """A page that took as long as the services call slow is kept, though nothing failed in it."""
    with TraceReceiver("127.0.0.1", 0) as receiver:
        pods = (
            template("recommendations", RECOMMENDATIONS_FAULT_DELAY_SECONDS="0.3"),
            template(
                "marketplace",
                MARKETPLACE_DEADLINE_SECONDS="5",
                MARKETPLACE_SECOND_TRY_SECONDS="4",
            ),
        )
        with traced(receiver.endpoint, *pods) as mesh:
            moment = time.time_ns()
            assert {"live"} == mesh.ask(LATE)
            mesh.leave()
            run = Run(group_traces(receiver.store.spans()), mesh.asked, moment)

    assert LATE == len(run.after()) == kept(run.after())[SLOW]
    assert 0 == kept(run.after())[ERRORS]


def test_the_share_is_a_tenth_of_all_ids() -> None:
    """The policy's hash spreads over any trace ids: 9 to 11 % of 20,000."""
    chance = random.Random(7)  # noqa: S311 - the same ids each time
    span = Span("", "", "", "GET /", SERVER, "marketplace", 1, 2, "UNSET", "", {})
    traces = (Trace(f"{chance.getrandbits(128):032x}", (span,)) for _ in range(20_000))

    assert 1_800 < kept(traces)[REST] < 2_200


def test_a_silent_collector_holds_nobody_up() -> None:
    """Both end in their time although the collector takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = "http://{}:{}".format(*silent.getsockname())
        with traced(endpoint, template("recommendations"), template("marketplace")) as mesh:
            assert {"live"} == mesh.ask(BROKEN)
            mesh.leave()


OWN_NETWORK = ("unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c")
DOTTED = """
import sys, time
from meshdoctor.lab.traces import TraceReceiver
from meshdoctor.telemetry.context import new_root
from meshdoctor.telemetry.otlp import OtlpSpans
from meshdoctor.telemetry.spans import FinishedSpan, SpanKind

with TraceReceiver("127.0.0.9", 4317) as receiver:
    spans = OtlpSpans(sys.argv[1], {"service.name": "shop"}, None)
    end = time.monotonic() + 60
    while not receiver.store.received and time.monotonic() < end:
        spans.add(FinishedSpan(new_root(1.0), 0, "GET /", SpanKind.SERVER, 1, 2))
        time.sleep(0.1)
    spans.shutdown()
    print("found" if receiver.store.received else "not found")
"""


def test_the_collectors_name_with_its_dot_is_found(tmp_path: Path) -> None:
    """The exporter takes the manifests' endpoint as it is: a DNS of ours answers, like CoreDNS."""
    if subprocess.run((*OWN_NETWORK, "true"), check=False, capture_output=True).returncode:
        pytest.skip("needs user namespaces: this kernel or container forbids unshare(1)")
    (endpoint,) = (
        one["value"]
        for one in template("marketplace")["spec"]["containers"][0]["env"]
        if one["name"] == ENDPOINT
    )
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(
        "nameserver 127.0.0.53\n"
        "search bookstore.svc.cluster.local svc.cluster.local cluster.local\n"
        "options ndots:2 timeout:1 attempts:2\n"
    )
    name = endpoint.removeprefix("http://").rpartition(":")[0]
    dns = f"{sys.executable} -m meshdoctor.lab.dnsserver --listen 127.0.0.53:53"
    script = (
        f"ip link set lo up && mount --bind {resolv} /etc/resolv.conf && "
        f"{{ {dns} --record {name}=127.0.0.9 & }} && "
        f'{sys.executable} -c "$0" {endpoint}; code=$?; kill $!; exit $code'
    )

    done = subprocess.run(
        (*OWN_NETWORK, script, DOTTED), cwd=ROOT, check=False, capture_output=True, text=True
    )

    assert (0, "found\n") == (done.returncode, done.stdout), done.stderr
