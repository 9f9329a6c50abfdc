"""One trial: the mesh is hurt under load, the doctor asked, the page awaited, the mesh healed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.cluster.visitors import BALANCER
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.faults.scenario import Scenario
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.matrix.asked import Ask, Said, ask_once, ask_until
from meshdoctor.lab.matrix.budget import burnt
from meshdoctor.lab.matrix.model import NOTHING, Trial
from meshdoctor.lab.matrix.order import Turn
from meshdoctor.lab.matrix.ringing import quiet, rung
from meshdoctor.lab.matrix.stage import Stage
from meshdoctor.lab.matrix.visitors import Visits, live_after

_SETTLED_WITHIN: Final = 60.0
_NAMED_WITHIN: Final = 30.0
_PAGED_WITHIN: Final = 90.0
_SILENT_FOR: Final = 60.0  # a page needs 45 s, so one that must not come would have
_LIVE_WITHIN: Final = 30.0
_HEALTHY_WITHIN: Final = 45.0
_QUIET_WITHIN: Final = 120.0
_POLL_SECONDS: Final = 0.25
_LOOKS: Final = 4

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Watch:
    """How to look at a trial.

    Attributes:
        cluster: that is hurt.
        objective: of fresh pages.
        out: the folder; evidence goes to `bundles` in it.
        paged: whether to wait for the page.
        interruption: what to ask whether the user wants to stop.
        tell: called with a few words on how things stand.
        stage: taken for all that is timed, but not while a page or its end is waited for.
    """

    cluster: Cluster
    objective: float
    out: Path
    paged: bool
    interruption: Interruption
    tell: Tell
    stage: Stage

    def settle(self, bundle: str) -> None:
        """Wait until visitors come and the doctor finds nothing: no verdict without this control.

        Args:
            bundle: the file for the evidence if it finds something, from the folder of the results.

        Raises:
            LabError: it finds something in a mesh that nobody hurt, or nobody comes.
            Interrupted: the user wants to stop.
        """
        until = time.monotonic() + _SETTLED_WITHIN
        while not self._come():
            if time.monotonic() > until:
                raise LabError(f"the load has not asked for anything in {_SETTLED_WITHIN:g} s")
            self.interruption.sleep(_POLL_SECONDS)
        path = self._place(bundle)
        ask = self._asking("--save", str(path))
        said = ask_until(ask, _content, until - time.monotonic(), self.interruption)
        if not said[-1].healthy:
            raise LabError(
                f"nobody hurt the mesh, and the doctor does not call it healthy after "
                f"{_SETTLED_WITHIN:g} s, but {'+'.join(said[-1].names) or 'cannot tell'}; "
                f"its evidence is {path}"
            )
        path.unlink(missing_ok=True)

    def _come(self) -> bool:
        try:
            return self._visits().requests > 0
        except OSError:
            return False

    def left_alone(self, turn: Turn) -> Trial:
        """Do nothing, and ask the doctor a few times.

        Raises:
            LabError: a part of the mesh died.
            Interrupted: the user wants to stop.
        """
        with self.stage.taken():
            began, before = time.time(), self._visits()
            looks = tuple(self._looked(turn, look) for look in range(1, _LOOKS + 1))
            self.cluster.check()
            said = tuple(one for one, _bundle in looks)
            trial = Trial(
                turn.fault,
                turn.round,
                names=tuple(dict.fromkeys(name for one in said for name in one.names)),
                watched=self.paged,
                bundle=next((bundle for _said, bundle in looks if bundle), ""),
                began=began,
            )
            return self._rung(self._counted(_asked(trial, said), before, began), began)

    def _looked(self, turn: Turn, look: int) -> tuple[Said, str]:
        """Ask once; the evidence is kept of what is no good verdict, so that it can be judged."""
        bundle = f"bundles/{turn.round}-{NOTHING}-{(turn.nth - 1) * _LOOKS + look}.json"
        path = self._place(bundle)
        said = ask_once(self._asking("--save", str(path)))
        if not said.healthy:
            return said, bundle
        path.unlink(missing_ok=True)
        return said, ""

    def hurt(self, turn: Turn, scenario: Scenario) -> Trial:
        """Do what the scenario says, see what comes of it, and undo it.

        Raises:
            LabError: a part of the mesh died that nobody hurt, or is not what it was; nothing more
                may be tried in it.
            Interrupted: the user wants to stop; likewise.
        """
        with self.stage.taken():
            began, before = time.time(), self._visits()
            trial = Trial(
                turn.fault,
                turn.round,
                alert=scenario.alert,
                promised=scenario.promised,
                watched=self.paged,
                began=began,
            )
            scenario.hurt(self.cluster)
            trial = self._diagnosed(trial, began)
        if self.paged:
            self._await_page(scenario, began)
        with self.stage.taken():
            scenario.heal(self.cluster)
            healed = time.time()
            trial = self._healed(self._rung(trial, began), before, healed)
        self._await_quiet(healed)
        return trial

    def _diagnosed(self, trial: Trial, began: float) -> Trial:
        """Ask until something is named, and see that its evidence leads to the same verdict."""
        bundle = f"bundles/{trial.round}-{trial.fault}.json"
        path = self._place(bundle)
        ask = self._asking("--save", str(path))
        said = ask_until(ask, lambda one: bool(one.names), _NAMED_WITHIN, self.interruption)
        last = said[-1]
        trial = _asked(replace(trial, names=last.names, bundle=bundle), said)
        if last.names:
            trial = replace(trial, seconds_to_verdict=last.at - began)
        self.tell(f"{trial.named} after {last.at - began:.1f} s")
        again = ask_once(lambda: self.cluster.diagnose("--from", str(path)))
        return replace(
            trial, replayed=(again.names, again.exit_code) == (last.names, last.exit_code)
        )

    def _await_page(self, scenario: Scenario, began: float) -> None:
        """Wait for a page, or for the silence that one would have broken."""
        until = began + (_PAGED_WITHIN if scenario.alert else _SILENT_FOR)
        while time.time() < until and not rung(self.cluster.pager.notifications, began).count:
            self.cluster.check()
            self.interruption.sleep(_POLL_SECONDS)

    def _healed(self, trial: Trial, before: Visits, healed: float) -> Trial:
        """Wait until the page is live and the doctor content."""
        live = live_after(f"http://{BALANCER}/", _LIVE_WITHIN, self.interruption)
        trial = self._counted(replace(trial, recovered_s=live), before, trial.began)
        said = ask_until(self._asking(), _content, _HEALTHY_WITHIN, self.interruption)
        if said[-1].healthy:
            trial = replace(trial, healthy_s=said[-1].at - healed)
        self.tell(f"live again after {_shown(live)}, healthy after {_shown(trial.healthy_s)}")
        return trial

    def _await_quiet(self, healed: float) -> None:
        """Wait until nothing rings."""
        until = healed + (_QUIET_WITHIN if self.paged else 0)
        while time.time() < until and not quiet(self.cluster.pager.notifications):
            self.cluster.check()
            self.interruption.sleep(_POLL_SECONDS)
        self.cluster.check()

    def _place(self, bundle: str) -> Path:
        path = self.out / bundle
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _asking(self, *options: str) -> Ask:
        return lambda: self.cluster.diagnose(*options)

    def _visits(self) -> Visits:
        return Visits.counted(self.cluster.load_page(), self.cluster.shop_pages())

    def _counted(self, trial: Trial, before: Visits, began: float) -> Trial:
        visits, seconds = self._visits().since(before), time.time() - began
        return replace(
            trial,
            requests=visits.requests,
            lost=visits.lost,
            http_5xx=visits.http_5xx,
            degraded=visits.degraded,
            budget=burnt(visits.degraded, visits.pages, seconds, self.objective),
        )

    def _rung(self, trial: Trial, began: float) -> Trial:
        pages = rung(self.cluster.pager.notifications, began)
        return replace(
            trial,
            page=pages.alert,
            cause=pages.cause,
            pages=pages.count,
            seconds_to_page=pages.after,
        )


def _asked(trial: Trial, said: Sequence[Said]) -> Trial:
    return replace(
        trial,
        unsure=sum(one.unsure for one in said),
        command_seconds=max(one.seconds for one in said),
    )


def _content(said: Said) -> bool:
    return said.healthy


def _shown(seconds: float | None) -> str:
    return "too long" if seconds is None else f"{seconds:.1f} s"
