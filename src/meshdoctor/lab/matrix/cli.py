"""The command `matrix`: every fault on purpose, and what the doctor says; or its tables anew.

Outside, each mesh is started in a sandbox of its own, and all that they tried is judged at the end.

Exit codes: 0 every goal was met, 1 one was missed, 2 it could not be made, 128 + N after signal N.
"""

import argparse
import secrets
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from meshdoctor.lab.cluster.needs import environment
from meshdoctor.lab.command import carried_out
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.faults import scenarios
from meshdoctor.lab.faults.scenario import Scenario
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.matrix.judge import missed
from meshdoctor.lab.matrix.markdown import inserted
from meshdoctor.lab.matrix.model import read
from meshdoctor.lab.matrix.parts import RESULT, begin, kept, together
from meshdoctor.lab.matrix.picture import draw
from meshdoctor.lab.matrix.run import Plan, run
from meshdoctor.lab.matrix.shown import Lines, report
from meshdoctor.lab.net.sandbox import enter_each

SAVED: Final = Path("docs/matrix.json")
PICTURE: Final = Path("docs/pictures/matrix.svg")
_MANY: Final = 100
_SIGNALLED: Final = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of the command."""
    parser.add_argument("--rounds", type=_count, default=1, metavar="N", help="of every fault")
    parser.add_argument(
        "--at-once",
        type=_count,
        default=1,
        metavar="N",
        help="meshes that share the rounds and take turns while they are timed",
    )
    parser.add_argument(
        "--only", type=_codes, default=(), metavar="CODE,...", help="these faults alone"
    )
    parser.add_argument("--seed", type=int, help="of the order; by lot where none is given")
    parser.add_argument(
        "--no-pages", dest="paged", action="store_false", help="verdicts alone: no page is awaited"
    )
    parser.add_argument("--out", type=Path, default=Path("out/lab"), metavar="DIR")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="try nothing: write its table anew, README.md's"
    )
    parser.add_argument(
        "--from",
        dest="saved",
        type=Path,
        default=SAVED,
        metavar="FILE",
        help="what --table shows; it is kept as docs/matrix.json",
    )


def arguments(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the words that lead to these options again, in another process."""
    return (
        f"--rounds={options.rounds}",
        f"--at-once={options.at_once}",
        *([f"--only={','.join(options.only)}"] if options.only else []),
        *([f"--seed={options.seed}"] if options.seed is not None else []),
        *([] if options.paged else ["--no-pages"]),
        f"--out={options.out}",
    )


def run_outside(options: argparse.Namespace, cache: Path) -> int:
    """Do it in sandboxes; the exit code.

    Args:
        options: of `add_arguments`.
        cache: folder for programs that the machine lacks.

    Raises:
        LabError: this machine does not allow it, or lacks a program, or rounds are too few.
        OSError: the page or the results cannot be read or written.
    """
    if options.table:
        rewrite(options.table, options.saved)
        return 0
    require_rounds(options)
    rooms = environment(cache)
    begin(options.out)
    if options.seed is None:
        options.seed = secrets.randbelow(1 << 16)
    print(
        f"{len(_wanted(options))} faults, {options.rounds} rounds, --seed {options.seed}",
        flush=True,
    )
    words = (sys.executable, "-m", "meshdoctor.lab.matrix", *arguments(options))
    meshes = range(1, options.at_once + 1)
    codes = enter_each([(*words, f"--mesh={mesh}") for mesh in meshes], rooms)
    return concluded(options.out, max(codes))


def require_rounds(options: argparse.Namespace) -> None:
    """Go on only if there is a round for every mesh.

    Raises:
        LabError: there is not.
    """
    if options.at_once > options.rounds:
        raise LabError(
            f"--at-once {options.at_once} with --rounds {options.rounds}: a mesh does whole "
            f"rounds, so at most {options.rounds} at once, or more rounds"
        )


def concluded(out: Path, code: int) -> int:
    """Show what all meshes tried; the exit code.

    Args:
        out: the folder of the results.
        code: the worst exit code of a mesh.

    Raises:
        LabError: a mesh's part is damaged.
    """
    parts = kept(out)
    if parts and code > _SIGNALLED:
        print(f"what was tried is in {out / RESULT}", file=sys.stderr)
    if not parts or code > _SIGNALLED:
        return code
    whole = together(parts)
    report(whole, out / RESULT)
    return code or int(any(missed(whole)))


def rewrite(page: Path, saved: Path, kept: Path = SAVED, picture: Path = PICTURE) -> None:
    """Write the table of a matrix into a page, keep the matrix itself, and draw its picture.

    Args:
        page: Markdown with the marks.
        saved: the matrix, as a run left it.
        kept: the file that page and picture are held against.
        picture: the file of the picture.

    Raises:
        LabError: the matrix or the marks are not there.
        OSError: a file cannot be read or written.
    """
    text = saved.read_text("utf-8")
    matrix = read(text, str(saved))
    page.write_text(inserted(page.read_text("utf-8"), matrix, str(page)), "utf-8")
    kept.write_text(text, "utf-8")
    picture.write_text(draw(matrix), "utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """Do one mesh's share here, inside its sandbox; the exit code: 0 when all of it was tried."""
    parser = argparse.ArgumentParser(prog="python -m meshdoctor.lab.matrix")
    add_arguments(parser)
    parser.add_argument("--mesh", type=_count, default=1, metavar="N", help="which of those")
    return carried_out(partial(_inside, parser.parse_args(words)))


def _inside(options: argparse.Namespace, interruption: Interruption) -> int:
    plan = Plan(
        _wanted(options),
        options.rounds,
        options.seed,
        options.paged,
        options.out,
        options.at_once,
        options.mesh,
    )
    whose = f"{plan.mesh}: " if plan.at_once > 1 else ""
    try:
        run(plan, interruption, Lines(whose))
    except (LabError, OSError) as error:
        raise LabError(f"{whose}{error}") from error
    return 0


def _wanted(options: argparse.Namespace) -> dict[str, Scenario]:
    known = scenarios()
    return {code: known[code] for code in known if code in options.only or not options.only}


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MANY:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {_MANY}")
    return int(text)


def _codes(text: str) -> tuple[str, ...]:
    codes, known = tuple(text.split(",")), scenarios()
    if strange := [code for code in codes if code not in known]:
        raise argparse.ArgumentTypeError(f"{', '.join(strange)}: there is {', '.join(known)}")
    return codes
