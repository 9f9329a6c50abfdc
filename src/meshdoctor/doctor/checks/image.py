"""Is the image there, and is it what the nodes run?

The order of the questions is the order of a pull: the registry answers, it has the tag, its index
has the node's platform, the config blob agrees, the program agrees. What a node does with each
answer was seen with containerd 1.6 to 2.1; `docs/runbook.md` tells the symptoms.
"""

from dataclasses import dataclass
from typing import Final

from meshdoctor.doctor.model import Doubt, Finding, Verdict
from meshdoctor.probes.registry.evidence import Content, Failure, ImageEvidence, Trouble
from meshdoctor.probes.registry.platforms import Platform

MISSING: Final = "image-platform-missing"
WRONG: Final = "image-platform-wrong"
MISMATCH: Final = "image-config-mismatch"
NO_TAG: Final = "image-tag-missing"
REFUSES: Final = "image-registry-refuses"
UNREACHABLE: Final = "image-registry-unreachable"

_FROM_HERE: Final = (
    "asked from this machine: what a node reaches, and with what pull secret, is not known"
)
_NOT_READ: Final = "the programs inside were not read: `meshdoctor image --programs` does"
_FOR_STRANGERS: Final = (
    "some registries say this to strangers of an image that is there, or of one that is not"
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """How a failure to get the manifest reads: fault, what broke, what to do."""

    code: str
    sentence: str
    fix: str


_ANSWERS: Final = {
    Trouble.NAME_UNKNOWN: _Answer(
        UNREACHABLE,
        "the registry's name cannot be resolved here",
        "correct the registry's name, or the DNS servers in /etc/resolv.conf",
    ),
    Trouble.NOT_CONNECTED: _Answer(
        UNREACHABLE,
        "the registry takes no connection",
        "check port, route, proxy and outbound rules: curl -sv https://{host}/v2/",
    ),
    Trouble.SILENT: _Answer(
        UNREACHABLE,
        "the registry gave no whole answer in time",
        "check route, proxy and outbound rules: curl -sv https://{host}/v2/",
    ),
    Trouble.NOT_TRUSTED: _Answer(
        UNREACHABLE,
        "the registry's TLS is not trusted here",
        "give this machine and the nodes the registry's CA (containerd: hosts.toml);"
        " a registry without TLS needs --plain-http here and http:// in hosts.toml",
    ),
    Trouble.NOT_A_REGISTRY: _Answer(
        UNREACHABLE,
        "whoever answers at the registry's address is no registry that works",
        "read who answers: curl -sv https://{host}/v2/ (a registry says 200 or 401)",
    ),
    Trouble.DAMAGED: _Answer(
        UNREACHABLE,
        "what the registry sends is not what it says it sends",
        "look for a proxy or mirror in between, then at the registry's storage; push again",
    ),
    Trouble.REFUSED: _Answer(
        REFUSES,
        "the registry refuses to show it",
        "docker login {host} here; for the nodes: kubectl create secret docker-registry,"
        " and name it in imagePullSecrets",
    ),
    Trouble.MISSING: _Answer(
        NO_TAG, "the registry does not have it", "push {name}, or correct the name in the manifest"
    ),
}


def judge_image(evidence: ImageEvidence) -> Verdict:
    """Judge what a registry said about an image.

    Args:
        evidence: what `meshdoctor.probes.registry.image` saw.

    Returns:
        The verdict for all platforms that were asked.
    """
    if evidence.failure is not None:
        return _without_manifest(evidence, evidence.failure)
    findings, doubts = _judge_index(evidence) if evidence.is_index else _judge_single(evidence)
    for content in evidence.contents:
        more, unsure = _judge_program(evidence, content)
        findings += more
        doubts += unsure
    read = any(content.program for content in evidence.contents)
    return Verdict(
        subject=evidence.reference,
        sentence=_summary(evidence, findings, doubts, read=read),
        findings=tuple(findings),
        doubts=tuple(doubts),
        seen=_seen(evidence),
        limits=(_FROM_HERE,) if read else (_NOT_READ, _FROM_HERE),
    )


def _without_manifest(evidence: ImageEvidence, failure: Failure) -> Verdict:
    name, host = evidence.reference, evidence.reference.partition("/")[0]
    limits = [_FROM_HERE]
    if failure.trouble in {Trouble.REFUSED, Trouble.MISSING} and not evidence.credentials:
        limits.append(_FOR_STRANGERS)
    answer = _ANSWERS.get(failure.trouble)
    if answer is None:
        doubt = Doubt(failure.words, _what_would_tell(failure))
        return Verdict(name, f"cannot tell: {failure.words}", doubts=(doubt,), limits=tuple(limits))
    sentence = f"{name}: {answer.sentence}"
    finding = Finding(
        answer.code,
        sentence,
        (failure.words,),
        _ruled_out(answer.code),
        answer.fix.format(host=host, name=name),
    )
    return Verdict(name, sentence, (finding,), limits=tuple(limits))


def _what_would_tell(failure: Failure) -> str:
    if failure.trouble is Trouble.LIMITED:
        return "an answer: ask again later, or log in, which raises the limit"
    return "the manifest: what kept us from reading it is said above"


def _ruled_out(code: str) -> tuple[str, ...]:
    """Say which faults the way to this one has passed."""
    passed = {
        UNREACHABLE: (f"{UNREACHABLE}: a registry answered",),
        REFUSES: (f"{REFUSES}: it let us ask",),
        NO_TAG: (f"{NO_TAG}: the name leads to a manifest",),
    }
    order = list(passed)
    return tuple(
        line
        for each in (order[: order.index(code)] if code in passed else order)
        for line in passed[each]
    )


def _judge_index(evidence: ImageEvidence) -> tuple[list[Finding], list[Doubt]]:
    findings: list[Finding] = []
    doubts: list[Doubt] = []
    missing = []
    for node in evidence.asked:
        if entry := evidence.entry_for(node):
            content = evidence.content_of(entry.digest)
            _judge_content(evidence, node, entry.platform, content, findings, doubts)
        elif doubt := _instead(evidence, node):
            doubts.append(doubt)
        else:
            missing.append(node)
    if missing:
        findings.insert(0, _missing(evidence, missing))
    return findings, doubts


def _instead(evidence: ImageEvidence, node: Platform) -> Doubt | None:
    """Say what makes it unsure that a platform is missing."""
    listed = [entry.platform for entry in evidence.entries]
    lesser = [one for one in listed if one and one.lesser_than(node)]
    if lesser:
        return Doubt(
            f"{evidence.reference} has {_and(lesser)} and no {node}: containerd takes it for want"
            f" of better, and whether it runs depends on the node's kernel",
            f"a node of {node} that runs it",
        )
    if None in listed:
        return Doubt(
            f"{evidence.reference} lists manifests without a platform, and their config blobs"
            " could not be read",
            "these config blobs",
        )
    return None


def _missing(evidence: ImageEvidence, missing: list[Platform]) -> Finding:
    listed = _listed(evidence)
    return Finding(
        MISSING,
        f"{evidence.reference} has no image for {_and(missing)}: its index lists {listed}",
        (f"index {evidence.digest}", f"it lists {listed}"),
        _ruled_out(MISSING),
        _push(evidence),
    )


def _judge_content(
    evidence: ImageEvidence,
    node: Platform,
    promised: Platform | None,
    content: Content | None,
    findings: list[Finding],
    doubts: list[Doubt],
) -> None:
    if content is None or content.platform is None:
        _without_config(evidence, node, content, findings, doubts)
        return
    if promised is None or _same(promised, content.platform):
        return
    findings.append(
        Finding(
            MISMATCH,
            f"{evidence.reference}: the index says {promised}, the config blob behind it says"
            f" {content.platform}",
            (
                f"index {evidence.digest} lists {content.digest} as {promised}",
                f"the config blob of {content.digest} says {content.platform}",
            ),
            (*_ruled_out(MISMATCH), f"{MISSING}: the index lists {node}"),
            f"no last build stage FROM --platform=$BUILDPLATFORM; then {_push(evidence)}",
        )
    )


def _without_config(
    evidence: ImageEvidence,
    node: Platform,
    content: Content | None,
    findings: list[Finding],
    doubts: list[Doubt],
) -> None:
    failure = content.failure if content else None
    if failure is None:
        words = f"{evidence.reference}: the config blob for {node} does not say its platform"
        doubts.append(Doubt(words, "a config blob with os and architecture"))
    elif failure.trouble is Trouble.MISSING:
        findings.append(
            Finding(
                NO_TAG,
                f"{evidence.reference} is in the registry in part: what {node} needs is not",
                (f"{evidence.digest} is there", failure.words),
                _ruled_out(NO_TAG),
                _push(evidence),
            )
        )
    else:
        doubts.append(Doubt(f"{evidence.reference}, for {node}: {failure.words}", "that blob"))


def _judge_single(evidence: ImageEvidence) -> tuple[list[Finding], list[Doubt]]:
    findings: list[Finding] = []
    doubts: list[Doubt] = []
    (content,) = evidence.contents
    platform = content.platform
    if platform is None:
        _without_config(evidence, evidence.asked[0], content, findings, doubts)
        return findings, doubts
    strange = [node for node in evidence.asked if not platform.runs_on(node)]
    unsure = [node for node in strange if platform.lesser_than(node)]
    if unsure:
        words = f"{evidence.reference} is of {platform}; whether {_and(unsure)} runs it"
        doubts.append(Doubt(f"{words} depends on the node's kernel", f"a node of {unsure[0]}"))
    wrong = [node for node in strange if node not in unsure]
    if wrong:
        findings.append(_wrong(evidence, platform, wrong))
    return findings, doubts


def _wrong(evidence: ImageEvidence, platform: Platform, wrong: list[Platform]) -> Finding:
    return Finding(
        WRONG,
        f"{evidence.reference} is one manifest of {platform} and no index: a node of {_and(wrong)}"
        " pulls it all the same, and its program dies with exec format error",
        (f"{evidence.digest} is a single manifest", f"its config blob says {platform}"),
        (*_ruled_out(WRONG), f"{MISSING}: there is no index, so no pull fails"),
        _push(evidence),
    )


def _judge_program(evidence: ImageEvidence, content: Content) -> tuple[list[Finding], list[Doubt]]:
    program, platform = content.program, content.platform
    if program is None or platform is None:
        return [], []
    if program.failure is not None:
        words = f"{evidence.reference}, {platform}: {program.failure.words}"
        return [], [Doubt(words, f"the program {program.path}".rstrip())]
    if program.machine == platform.architecture:
        return [], []
    seen = f"{program.path} is a program for {program.machine}"
    if Platform(platform.os, program.machine).lesser_than(platform):
        words = f"{evidence.reference}, {platform}: {seen}, which not every node runs"
        return [], [Doubt(words, f"a node of {platform} that runs it")]
    finding = Finding(
        MISMATCH,
        f"{evidence.reference} says {platform}, and what it starts is for {program.machine}",
        (f"the config blob of {content.digest} says {platform}", seen),
        (*_ruled_out(MISMATCH), f"{MISSING}: the labels are right, the content is not"),
        f"no last build stage FROM --platform=$BUILDPLATFORM; then {_push(evidence)}",
    )
    return [finding], []


def _summary(
    evidence: ImageEvidence, findings: list[Finding], doubts: list[Doubt], *, read: bool
) -> str:
    if findings:
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        return f"{findings[0].sentence}{more}"
    if doubts:
        return f"cannot tell: {doubts[0].sentence}"
    agree = "index and config blobs" if evidence.is_index else "its config blob"
    what = f"{agree} and programs agree" if read else f"{agree} say so"
    return f"{evidence.reference} runs on {_and(evidence.asked)}: {what}"


def _seen(evidence: ImageEvidence) -> tuple[str, ...]:
    lines = [f"{'index' if evidence.is_index else 'single manifest'} {evidence.digest}"]
    if evidence.is_index:
        lines.append(f"it lists {_listed(evidence)}")
    lines += [
        f"config blob of {one.digest}: {one.platform}" for one in evidence.contents if one.platform
    ]
    lines += [
        f"{one.program.path}: {one.program.machine}"
        for one in evidence.contents
        if one.program and one.program.machine
    ]
    return tuple(lines)


def _same(one: Platform, other: Platform) -> bool:
    # Config blobs often leave the variant out.
    return (one.os, one.architecture) == (other.os, other.architecture)


def _listed(evidence: ImageEvidence) -> str:
    return _and([entry.platform for entry in evidence.entries if entry.platform]) or "no platform"


def _and(platforms: "list[Platform] | tuple[Platform, ...]") -> str:
    return " and ".join(dict.fromkeys(map(str, platforms)))


def _push(evidence: ImageEvidence) -> str:
    wanted = ",".join(map(str, evidence.asked))
    name = evidence.reference.partition("@")[0]
    return f"docker buildx build --platform {wanted} --tag {name} --push ."
