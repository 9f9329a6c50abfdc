"""The judgement of a matrix: pure, so that a saved one can be judged again."""

from collections.abc import Iterator
from typing import Final

from meshdoctor.lab.matrix.model import Matrix, Trial

VERDICT_WITHIN: Final = 10.0
"""Seconds from the fault to its name."""

PAGED_WITHIN: Final = 75.0
"""Seconds from the fault to the page."""

LIVE_WITHIN: Final = 3.0
"""Seconds from the end of the fault to live pages."""


def missed(matrix: Matrix) -> Iterator[str]:
    """Yield a sentence for each goal that was missed."""
    for trial in matrix.trials:
        for sentence in of_trial(trial):
            yield f"{trial.fault}, round {trial.round}: {sentence}"


def of_trial(trial: Trial) -> Iterator[str]:
    """Yield a sentence for each goal that a trial missed."""
    if trial.trouble:
        yield f"it could not be tried: {trial.trouble}"
        return
    yield from _verdict(trial)
    yield from _page(trial)
    yield from _visitors(trial)


def _verdict(trial: Trial) -> Iterator[str]:
    if not trial.right:
        yield f"the doctor said {trial.named}"
    if trial.healthy and trial.unsure:
        yield f"the doctor could not tell, {trial.unsure} times"
    if trial.seconds_to_verdict is not None and trial.seconds_to_verdict > VERDICT_WITHIN:
        yield f"the verdict took {trial.seconds_to_verdict:.1f} s, not {VERDICT_WITHIN:g} s"
    if trial.replayed is False:
        yield f"{trial.bundle} leads to another verdict"


def _page(trial: Trial) -> Iterator[str]:
    if not trial.watched:
        return
    if trial.page != trial.alert:
        yield f"{trial.page or 'no page'} rang, not {trial.alert or 'none'}"
    elif trial.seconds_to_page is not None and trial.seconds_to_page > PAGED_WITHIN:
        yield f"it rang after {trial.seconds_to_page:.0f} s, not within {PAGED_WITHIN:g} s"
    if trial.pages > 1:
        yield f"it rang {trial.pages} times"


def _visitors(trial: Trial) -> Iterator[str]:
    if trial.promised and trial.http_5xx:
        yield f"visitors got HTTP 5xx {trial.http_5xx} times"
    if trial.healthy:
        return
    if trial.recovered_s is None:
        yield "pages were not live again"
    elif trial.recovered_s > LIVE_WITHIN:
        yield f"pages were live {trial.recovered_s:.1f} s after its end, not {LIVE_WITHIN:g} s"
    if trial.healthy_s is None:
        yield "the doctor did not call the mesh healthy after its end"
