"""Write down what each image's tag leads to, in the one list of images: `nox -s pin`.

`python -m k8s.pin [--registry HOST/PATH] [--plain-http] [--file FILE]` asks each registry, writes
the digest beside the tag, and leaves an image that it cannot ask about as it is. An image without
linux/amd64 or linux/arm64, in its index or its config blobs, is refused: nothing is written then.

Exit codes: 0 all are pinned, 1 refused or a broken list (nothing was written), 2 some could not be
resolved (the others were written), 3 wrong usage.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

from k8s.imagelist import Image, ImageListError, read, write
from meshdoctor.doctor.checks.image import MISMATCH, MISSING, WRONG, judge_image
from meshdoctor.doctor.model import EXIT_USAGE, State
from meshdoctor.probes.registry.image import SECONDS, ImageQuestion, look_at_image
from meshdoctor.probes.registry.platforms import parse as parse_platform
from meshdoctor.probes.registry.reference import ImageNameError
from meshdoctor.probes.registry.reference import parse as parse_reference

LIST: Final = Path(__file__).parent / "images/kustomization.yaml"
OURS: Final = ("marketplace", "recommendations", "toolbox")
PLATFORMS: Final = (parse_platform("linux/amd64"), parse_platform("linux/arm64"))

_REFUSED: Final = frozenset({MISSING, WRONG, MISMATCH})
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one image.

    Attributes:
        image: with its digest, if it was found.
        reason: why not, if not.
        refused: whether the image is there and must not be used.
    """

    image: Image
    reason: str = ""
    refused: bool = False


def ask(image: Image, *, plain: bool, seconds: float = SECONDS) -> Answer:
    """Ask what an image's tag leads to, and whether that runs on both platforms.

    Args:
        image: of the list; a digest in it is not asked for.
        plain: whether to speak plain HTTP.
        seconds: how long it may take.
    """
    question = ImageQuestion(parse_reference(image.tagged), PLATFORMS, plain=plain, seconds=seconds)
    evidence = look_at_image(question)
    verdict = judge_image(evidence)
    if verdict.state is State.HEALTHY:
        return Answer(replace(image, digest=evidence.digest))
    if any(finding.code in _REFUSED for finding in verdict.findings):
        return Answer(image, verdict.sentence, refused=True)
    # The other side's own words: the name stands before them already.
    seen = "; ".join(line for one in verdict.findings for line in one.seen)
    return Answer(image, seen or verdict.sentence)


def moved(images: Sequence[Image], registry: str) -> tuple[Image, ...]:
    """Return the list with our own images in another registry; their old digests are void.

    Args:
        images: the list.
        registry: `HOST/PATH`.
    """
    return tuple(
        replace(image, new_name=f"{registry}/{image.name}", digest="")
        if image.name in OURS and image.new_name != f"{registry}/{image.name}"
        else image
        for image in images
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask about all images first and write then."""
    options = _options(arguments)
    try:
        text = options.file.read_text("utf-8")
        images = read(text)
        if options.registry:
            images = moved(images, options.registry.strip("/"))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = list(pool.map(lambda one: ask(one, plain=options.plain_http), images))
        written = write(text, [answer.image for answer in answers])
    except (OSError, ImageListError, ImageNameError) as error:
        sys.stderr.write(f"{options.file} cannot be pinned: {error}\n")
        return 1
    sys.stdout.writelines(_told(answers))
    if any(answer.refused for answer in answers):
        sys.stderr.write(f"{options.file} was left as it is: an image above must not be used\n")
        return 1
    _replace(options.file, text, written)
    return 2 if any(answer.reason for answer in answers) else 0


def _told(answers: Sequence[Answer]) -> Iterator[str]:
    for answer in answers:
        if answer.refused:
            yield f"{answer.image.name}: REFUSED: {answer.reason}\n"
        elif answer.reason:
            yield f"{answer.image.name}: not resolved, stays as it is: {answer.reason}\n"
        else:
            yield f"{answer.image.name}: {answer.image.tagged} is {answer.image.digest}\n"


def _replace(path: Path, old: str, new: str) -> None:
    if new == old:
        return
    partial = path.with_suffix(".partial")
    partial.write_text(new, "utf-8")
    os.replace(partial, path)  # noqa: PTH105 - the whole file or the old one


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{message}\n")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="python -m k8s.pin", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--registry", metavar="HOST/PATH", help=f"where {', '.join(OURS)} are to be found"
    )
    parser.add_argument("--plain-http", action="store_true", help="ask all registries without TLS")
    parser.add_argument("--file", type=Path, default=LIST, help="the kustomization to change")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
