"""What is handed on names nobody, keeps no secret, and is judged the same."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshdoctor.doctor.judge import judge
from meshdoctor.probes.kubernetes.evidence import (
    Container,
    Ended,
    Event,
    Gap,
    Kind,
    KubernetesEvidence,
    Node,
    Note,
    Pod,
    Service,
    ServicePort,
)
from meshdoctor.probes.kubernetes.words import safe, without_secrets
from meshdoctor.probes.mesh import bundle as files
from meshdoctor.probes.mesh.bundle import Bundle
from meshdoctor.probes.mesh.evidence import Answer, Edge, MeshEvidence, Written
from meshdoctor.probes.mesh.redaction import redact
from meshdoctor.probes.registry.evidence import Content, Failure, ImageEvidence, Trouble
from meshdoctor.probes.registry.platforms import Platform
from tests.support.captures import STATES, capture
from tests.support.mesh_reports import all_well, blocked_between_nodes, reports

CANARY = "s3cr3t-canary"
AMD64 = (Platform("linux", "amd64"),)
NAMES = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True),
    st.sampled_from(["timeout", "found", "not", "denied", "10", "kube-dns", "a", "no-such-host"]),
)
WORDS = st.sampled_from(
    [
        'Failed to pull image "{i}": rpc error: code = NotFound desc = {i}: not found',
        'Failed to pull image "{i}": Head "https://{h}/": lookup {h} on 10.0.0.2:53: no such host',
        'Failed to pull image "{i}": dial tcp 172.30.0.99:5000: connect: no route to host',
        'Failed to pull image "{i}": 401 Unauthorized',
        'Failed to pull image "{i}": no match for platform in manifest sha256:0: not found',
        "back-off 5m0s restarting failed container=c pod={n}_shop(0f)",
    ]
)


def codes(bundle: Bundle) -> tuple[str, list[str]]:
    """Give what is said of a bundle, in codes."""
    verdict = judge(bundle.mesh, bundle.images)
    return verdict.state, [one.code for one in verdict.findings]


@st.composite
def pods(draw: Callable[..., Any]) -> tuple[Pod, tuple[Event, ...], ImageEvidence]:
    """Give a Pod in some trouble, what was said of it, and what its registry says."""
    name, node, host = draw(NAMES), draw(NAMES), f"{draw(NAMES)}.example.org"
    image = draw(st.sampled_from([f"{host}:5000/{name}/x:v1", f"{host}/{name}", name]))
    words = draw(WORDS).format(i=image, h=host, n=name)
    container = Container(
        draw(NAMES),
        image,
        waiting=draw(st.sampled_from(["ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff", ""])),
        words=words,
        running=draw(st.booleans()),
        ended=draw(st.none() | st.builds(Ended, st.sampled_from([0, 1, 137]), st.just("Error"))),
    )
    labels = draw(st.dictionaries(NAMES, NAMES, max_size=2))
    pod = Pod(
        "shop", name, f"ReplicaSet/{name}-7d", labels, node, "Running", containers=(container,)
    )
    failure = draw(st.sampled_from([None, Failure(Trouble.REFUSED, f"{host} answers HTTP 401")]))
    told = ImageEvidence(image, AMD64, 0.1, failure=failure, is_index=True)
    return pod, (Event("shop", name, "Failed", words, "2027-01-15T08:00:00Z"),), told


@st.composite
def bundles(draw: Callable[..., Any]) -> Bundle:
    """Give a cluster of invented names, with Pods in trouble and Services that may fit."""
    found = draw(st.lists(pods(), max_size=4))
    labels = [one.labels for one, _, _ in found]
    selectors = st.sampled_from(labels) if labels else st.just({})
    services = draw(
        st.lists(
            st.builds(
                Service, st.just("shop"), NAMES, selectors, st.just((ServicePort(80, "http"),))
            ),
            max_size=3,
        )
    )
    cluster = KubernetesEvidence(
        "https://10.1.2.3:6443",
        tuple(Node(pod.node, draw(st.sampled_from(["True", "Unknown"]))) for pod, _, _ in found),
        tuple(pod for pod, _, _ in found),
        tuple(event for _, events, _ in found for event in events),
        tuple(services),
    )
    return Bundle(MeshEvidence(cluster), tuple(one for _, _, one in found))


@given(bundles())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_verdict_on_a_redacted_bundle_is_the_same(bundle: Bundle) -> None:
    """Whatever things are called, also after words that checks read: the same codes."""
    assert codes(bundle) == codes(redact(bundle))


@st.composite
def seen(draw: Callable[..., Any]) -> Bundle:
    """Give a captured cluster whose agents got any answer over any edge."""
    state = draw(st.sampled_from(STATES))
    chosen = draw(st.dictionaries(st.integers(0, 40), st.sampled_from(list(Answer)), max_size=12))
    count = itertools.count()

    def answers(_node: str, _edge: Edge) -> Answer:
        answer: Answer = chosen.get(next(count) % 41, Answer.OK)
        return answer

    written = tuple(Written(one, 3.0) for one in reports(state, answers))
    return Bundle(MeshEvidence(capture(state), written))


@given(seen())
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_agents_saw_is_judged_the_same_under_other_names(bundle: Bundle) -> None:
    """Over any set of answers, on any of the captured clusters."""
    assert codes(bundle) == codes(redact(bundle))


def values(tree: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Give every text in JSON but the keys."""
    if isinstance(tree, dict):
        for one in tree.values():
            yield from values(one)
    elif isinstance(tree, list):
        for one in tree:
            yield from values(one)
    elif isinstance(tree, str):
        yield tree


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("answers", [all_well, blocked_between_nodes])
def test_nothing_of_the_cluster_is_left(state: str, answers: Any) -> None:  # noqa: ANN401
    """No name of a node, a Pod, a namespace, a Service, a registry; no address but invented."""
    cluster = capture(state)
    written = tuple(Written(one, 3.0) for one in reports(state, answers))
    redacted = redact(Bundle(MeshEvidence(cluster, written)))
    text = "\n".join(values(json.loads(files.dump(redacted))))

    names = {one.name for one in cluster.nodes} | {one.name for one in cluster.pods}
    names |= {one.name for one in cluster.services} - {"kube-dns", "kubernetes"}
    told = {*names, "bookstore", "172.30.", "192.168.", "registry.example"}
    assert [] == [one for one in sorted(told) if one in text]


def test_one_name_has_one_pseudonym_everywhere() -> None:
    """In objects, in sentences and in agents' reports the same node is the same node."""
    cluster = KubernetesEvidence(
        "x",
        (Node("ip-10-0-1-5", "Unknown", "NodeStatusUnknown: ip-10-0-1-5 at 10.0.1.5 is silent"),),
        (Pod("shop", "till", "Pod/till", {}, "ip-10-0-1-5"),),
    )
    found = redact(Bundle(MeshEvidence(cluster))).mesh.cluster

    assert found
    assert ("node-1", "node-1") == (found.nodes[0].name, found.pods[0].node)
    assert "NodeStatusUnknown: node-1 at 10.0.0.1 is silent" == found.nodes[0].words


@pytest.mark.parametrize(
    "words",
    [
        f"https://me:{CANARY}@quay.io/v2",
        f"https://quay.io/v2?sig={CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"authorization: basic {CANARY}==",
        f"AWS_SECRET_ACCESS_KEY={CANARY}",
        f'{{"password": "{CANARY}"}}',
        f"--token={CANARY}",
        f"eyJhbGciOiJSUzI1NiJ9.{CANARY}.{CANARY}",
        f"-----BEGIN RSA PRIVATE KEY----- {CANARY.replace('-', '')} -----END RSA PRIVATE KEY-----",
    ],
)
def test_what_proves_who_somebody_is_is_never_saved(words: str) -> None:
    """With or without names in it, wherever it stands."""
    mesh = MeshEvidence(
        KubernetesEvidence("x", gaps=(Gap(Kind.PODS, words),)),
        tuple(
            Written(replace(one, gaps=(words,)), 1.0) for one in reports("healthy", all_well)[:1]
        ),
        (words,),
    )
    image = ImageEvidence("x", AMD64, 0.1, contents=(Content("d", command=("run", CANARY)),))
    bundle = Bundle(mesh, (image,), (Note(words, words),))

    assert CANARY not in files.dump(bundle)
    assert CANARY.replace("-", "") not in files.dump(redact(bundle)).replace("-", "")


@pytest.mark.parametrize(
    "words",
    [
        "failed to fetch anonymous token: unexpected status: 401 Unauthorized",
        "secret shop/pull not found",
        "password is wrong",
        "basic auth",
    ],
)
def test_what_only_talks_of_secrets_stays(words: str) -> None:
    """A check reads these words: `token: 401` is no token."""
    assert (words, words) == (safe(words), without_secrets(words))
