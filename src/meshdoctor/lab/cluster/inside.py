"""What runs inside the sandbox: a cluster until Ctrl-C, a command in it, or a fault."""

import argparse
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from rich.console import Console

from meshdoctor.lab.cluster import cli
from meshdoctor.lab.cluster.building import Wishes
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.cluster.doors import ALERTMANAGER, PAGE, PROMETHEUS, Behind, answered
from meshdoctor.lab.cluster.metering import ALERTMANAGER_PORT, PROMETHEUS_PORT
from meshdoctor.lab.cluster.rehearsal import Tell, rehearse
from meshdoctor.lab.cluster.visitors import NODE_PORT
from meshdoctor.lab.command import carried_out
from meshdoctor.lab.faults import scenarios
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.net.foreground import run_in_front
from meshdoctor.lab.net.seed import MANIFESTS
from meshdoctor.lab.settings import LabSettings

_POLL_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it; the exit code."""
    options = _parser().parse_args(arguments)
    return carried_out(partial(_run, options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m meshdoctor.lab.cluster")
    cli.add_arguments(parser)
    parser.add_argument("--in", dest="place", default="", metavar="PLACE")
    parser.add_argument("--fault", choices=scenarios(), metavar="FAULT")
    parser.add_argument("--no-page", dest="paged", action="store_false")
    parser.add_argument("--door", action="append", default=[], metavar="NAME=DESCRIPTOR")
    parser.add_argument("arguments", nargs="*", metavar="-- COMMAND")
    return parser


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    scenario = scenarios()[options.fault] if options.fault else None
    manifests = options.manifests or (scenario.manifests if scenario else MANIFESTS)
    wishes = Wishes(manifests, options.mtu, users=options.users, logs=options.logs)
    tell = _teller()
    tell("the cluster is built")
    with Cluster.up(interruption, wishes) as cluster:
        tell(", ".join(f"{name} {seconds:.1f} s" for name, seconds in cluster.seconds.items()))
        if scenario:
            return 0 if rehearse(cluster, scenario, tell, paged=options.paged) else 1
        if options.place:
            command = tuple(options.arguments) or cli.SHELL
            return run_in_front(cli.entered(options.place, command), interruption)
        return _stand(cluster, options.door)


def _teller() -> Tell:
    console, began = Console(highlight=False, soft_wrap=True), time.monotonic()
    return lambda line: console.print(f"{time.monotonic() - began:5.1f} s  {line}", markup=False)


def _stand(cluster: Cluster, doors: Sequence[str]) -> int:
    """Stand until somebody wants the cluster to end; raises Interrupted then."""
    numbers = {name: int(number) for name, _, number in (each.partition("=") for each in doors)}
    behind = _behind(cluster)
    with ExitStack() as stack:
        stack.enter_context(answered({number: behind[name] for name, number in numbers.items()}))
        print("\n".join((*_addresses(cluster), "Ctrl-C ends it all")), flush=True)
        while True:
            cluster.check()
            cluster.interruption.sleep(_POLL_SECONDS)


def _behind(cluster: Cluster) -> dict[str, Behind]:
    node = cluster.network.topology.nodes[1]
    prometheus, alertmanager = (cluster.pod(f"{name}-1").pod for name in (PROMETHEUS, ALERTMANAGER))
    return {
        PAGE: Behind("", node.address, NODE_PORT),
        PROMETHEUS: Behind(prometheus.node, prometheus.address, PROMETHEUS_PORT),
        ALERTMANAGER: Behind(alertmanager.node, alertmanager.address, ALERTMANAGER_PORT),
    }


def _addresses(cluster: Cluster) -> list[str]:
    """Say, a line each, where everything is: out here, and as seen from inside."""
    settings = LabSettings()
    rows = {
        "page": f"http://{settings.host}:{settings.marketplace_port}/",
        "Prometheus": f"http://{settings.host}:{settings.prometheus_port}/classic/graph",
        "Alertmanager": f"http://{settings.host}:{settings.alertmanager_port}/",
        "inside": "with `shell PLACE`, from another terminal:",
        "kubeconfig": str(cluster.kubeconfig),
        **{each.name: each.address for each in cluster.network.topology.nodes},
        **{pod.name: f"{pod.address} on {pod.node}" for pod in cluster.network.topology.pods},
    }
    return [f"{name:22}{words}" for name, words in rows.items()]
