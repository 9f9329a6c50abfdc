"""Has each image what the nodes run? Asked from here, which is not where they will be pulled."""

from meshdoctor.doctor.checks.image import UNREACHABLE, judge_image
from meshdoctor.doctor.model import Doubt, Verdict
from meshdoctor.probes.registry.evidence import ImageEvidence


def judge(evidence: ImageEvidence, users: tuple[str, ...]) -> Verdict:
    """Judge an image.

    A registry that cannot be reached from here may be reached by the nodes: that is no fault yet.

    Args:
        evidence: what its registry said.
        users: the workloads that want it.
    """
    verdict = judge_image(evidence)
    seen = (*verdict.seen, f"for {', '.join(users)}")
    far = [one for one in verdict.findings if one.code == UNREACHABLE]
    if not far:
        return Verdict(
            f"image {verdict.subject}",
            verdict.sentence,
            verdict.findings,
            verdict.doubts,
            seen,
            verdict.limits,
        )
    (words,) = {line for one in far for line in one.seen} or {""}
    sentence = f"cannot tell what {evidence.reference} is: its registry cannot be asked from here"
    doubt = Doubt(
        f"{sentence} ({words})",
        f"meshdoctor image {evidence.reference} --platform"
        f" {','.join(map(str, evidence.asked))}, where that registry is reachable; or leave images"
        " out: --no-images",
    )
    return Verdict(f"image {verdict.subject}", sentence, (), (doubt,), seen, verdict.limits)
