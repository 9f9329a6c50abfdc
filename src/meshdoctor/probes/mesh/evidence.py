"""What one agent saw, and what all of them saw: plain data, the same in a Pod, a file and a test.

An agent reports at the end of each round, so a report is whole and of one time. An answer that was
not OK was asked for twice before it was written down: one lost datagram is no fault.

Clocks of nodes differ by milliseconds where they are kept, and by more where they are not: moments
of two reports are compared with `CLOCK_SECONDS` to spare.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from meshdoctor.probes.kubernetes.evidence import KubernetesEvidence

SCHEMA: Final = 1
"""Of a report; it grows when a field goes away or changes its meaning."""

INTERVAL_SECONDS: Final = 5.0
"""Between two rounds of an agent, unless it is told otherwise."""

SOON_SECONDS: Final = 2.0
"""The shortest time between two rounds: an agent that saw something new looks again so soon."""

PROBE_SECONDS: Final = 1.0
"""How long one try of one probe may take."""

LOOKS: Final = 12
"""How many of the last answers a report keeps of each edge: a minute of them."""

CLOCK_SECONDS: Final = 0.5
"""How far the clocks of two nodes may be apart."""


class Role(StrEnum):
    """What is asked."""

    DNS = "dns"
    AGENT = "agent"
    NODE = "node"
    BACKEND = "backend"
    API = "api"


class Ground(StrEnum):
    """Over what ground a packet goes."""

    SAME_NODE = "same-node"
    OTHER_NODE = "other-node"
    CLUSTER_IP = "cluster-ip"
    NODE_TO_NODE = "node-to-node"


class Ask(StrEnum):
    """How it is asked; the values of the metric label `probe`."""

    DNS_UDP = "dns-udp"
    DNS_TCP = "dns-tcp"
    TCP = "tcp"
    GRPC = "grpc"
    LARGE = "large"


class Answer(StrEnum):
    """What came back.

    `silent`: nothing in time, after two tries. `refused`: nobody listens there, or somebody said
    no. `lost`: it broke off. `servfail`, `nxdomain`, `no-address`: what a name server said. `slow`:
    the right answer, later than `SLOW_SECONDS`. `not-serving`: gRPC health said so. `odd`: an
    answer that fits nothing; its words are kept.
    """

    OK = "ok"
    SILENT = "silent"
    REFUSED = "refused"
    LOST = "lost"
    SERVFAIL = "servfail"
    NXDOMAIN = "nxdomain"
    NO_ADDRESS = "no-address"
    SLOW = "slow"
    NOT_SERVING = "not-serving"
    ODD = "odd"


SLOW_SECONDS: Final = 0.4
"""From when on a name server's answer is slow: a Pod that asks again does so after 1 s."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One thing that an agent tries in every round.

    Attributes:
        role: what is asked.
        ground: over what ground.
        ask: how.
        target: the name of the Pod, the node or the Service.
        node: on which node the target is; "" behind a Service's address.
        address: `host:port` that is asked.
        name: what a name server is asked for; "" otherwise.
    """

    role: Role
    ground: Ground
    ask: Ask
    target: str
    node: str
    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What came of an edge.

    Attributes:
        edge: what was tried.
        answer: the last.
        seconds: that it took.
        words: of the other side, or of the kernel, when it is not OK.
        since: Unix seconds at which the try began that gave this answer first, and only it since.
        answers: the last `LOOKS` of them, the newest last.
    """

    edge: Edge
    answer: Answer
    seconds: float
    words: str = ""
    since: float = 0.0
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """What a service of this node tells of itself on its metrics page, over the last `seconds`.

    Attributes:
        namespace: of the Pod.
        pod: its name.
        service: which service it is, such as `marketplace`.
        seconds: between the two looks at its page that are compared; 0 when there was only one.
        calls: gRPC calls that it made and that ended.
        causes: those that failed, by cause, a key of `meshdoctor.faults.CAUSES`.
        lookups: how its own lookups ended, by cause; "" counts those that were answered.
        handled: gRPC calls that it answered, by status code.
        visits: HTTP requests that it answered, by the first digit of the status: `5` for 5xx.
        words: why its page could not be read; "" when it was.
        since: Unix seconds of the earlier look.
        begun: Unix seconds of the first look at the page of the process that runs now; 0 where that
            is not known.
    """

    namespace: str
    pod: str
    service: str
    seconds: float = 0.0
    calls: int = 0
    causes: dict[str, int] | None = None
    lookups: dict[str, int] | None = None
    handled: dict[str, int] | None = None
    visits: dict[str, int] | None = None
    words: str = ""
    since: float = 0.0
    begun: float = 0.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows to whoever begins TLS with it.

    Attributes:
        target: the name of the Pod.
        address: `host:port`.
        not_before: Unix seconds.
        not_after: Unix seconds.
        subject: the names in it.
        trusted: whether the agent's authorities vouch for it; None when it has none to ask.
    """

    target: str
    address: str
    not_before: float
    not_after: float
    subject: str = ""
    trusted: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What one agent saw in its last round.

    Attributes:
        node: of the agent.
        at: Unix seconds at which the round began.
        interval: seconds between two rounds.
        round: how many there were, this one included.
        sightings: of every edge.
        callers: services of this node.
        certificates: of servers that speak TLS.
        gaps: what could not be asked or learned, a sentence each.
        schema: of this data when it is saved.
    """

    node: str
    at: float
    interval: float = INTERVAL_SECONDS
    round: int = 1
    sightings: tuple[Sighting, ...] = ()
    callers: tuple[Caller, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    gaps: tuple[str, ...] = ()
    schema: Literal[1] = SCHEMA


@dataclass(frozen=True, slots=True)
class Written:
    """A report as it was found.

    Attributes:
        report: what the agent wrote.
        age: seconds since the API took it in, by the API's own clock; the doctor's own clock may be
            hours off.
    """

    report: Report
    age: float


@dataclass(frozen=True, slots=True)
class MeshEvidence:
    """Everything that is known of the mesh at one time.

    Attributes:
        cluster: what the Kubernetes API said; None when there is none.
        reports: of the agents.
        gaps: what could not be had of the agents, a sentence each.
    """

    cluster: KubernetesEvidence | None
    reports: tuple[Written, ...] = ()
    gaps: tuple[str, ...] = ()


SILENT_AFTER_SECONDS: Final = 45.0
"""A report that is older is a sign itself: an agent writes when something changes, and at least
every `HEARTBEAT_SECONDS`."""

HEARTBEAT_SECONDS: Final = 15.0
