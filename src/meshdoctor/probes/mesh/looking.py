"""All evidence of a cluster that can be asked, within one span of time.

The lists of the API and the agents' reports are read at once; then the registries are asked of
images in trouble, while reports are read again until every agent has looked since a failure began.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from meshdoctor.probes.deadline import Deadline, TooLateError, begin
from meshdoctor.probes.kubernetes import live, logs
from meshdoctor.probes.kubernetes.api import Api, ApiError
from meshdoctor.probes.kubernetes.evidence import KubernetesEvidence, Note
from meshdoctor.probes.kubernetes.identity import IdentityError, identify
from meshdoctor.probes.kubernetes.kubeconfig import Access
from meshdoctor.probes.kubernetes.live import Scope
from meshdoctor.probes.mesh.bundle import Bundle
from meshdoctor.probes.mesh.collecting import collect, settled
from meshdoctor.probes.mesh.evidence import SILENT_AFTER_SECONDS, MeshEvidence, Written
from meshdoctor.probes.mesh.files import LABELS, NAMESPACE
from meshdoctor.probes.registry import suspects
from meshdoctor.probes.registry.evidence import ImageEvidence

SECONDS: Final = 9.0
"""For everything but the judgement."""

NOBODY: Final = f"no agent has left a report in namespace {NAMESPACE}"
"""The gap where agents were looked for, and none was found."""

_AGAIN_SECONDS: Final = 0.5
_SPARE_SECONDS: Final = 0.3
_SELECTOR: Final = ",".join(f"{key}={value}" for key, value in LABELS.items())
_REPORTS: Final = f"/api/v1/namespaces/{NAMESPACE}/configmaps"

Told = tuple[tuple[Written, ...], tuple[str, ...]]


@dataclass(slots=True)
class Looker:
    """Looks at one cluster, as often as wanted; says once who one is.

    Attributes:
        access: where the API is.
        scope: which namespaces matter.
        images: whether registries are asked.
        environ: where Docker's configuration is looked for.
        tell: is told what is being waited for.
        seconds: for one look.
        enough: whether more of the agents' reports would change nothing.
    """

    access: Access
    scope: Scope
    images: bool
    environ: Mapping[str, str]
    tell: Callable[[str], None]
    seconds: float = SECONDS
    enough: Callable[[MeshEvidence], bool] = lambda _: False
    _api: Api | None = None

    def look(self, gone: float = 0.0) -> Bundle:
        """Give all evidence there is; what cannot be had is a gap in it.

        Args:
            gone: seconds of the span that have passed already.
        """
        deadline = Deadline(max(self.seconds - gone, 1.0))
        self.tell(f"asking {self.access.server}")
        try:
            api = self._api = self._api or Api(self.access, identify(self.access, deadline))
        except (IdentityError, TooLateError) as error:
            return Bundle(MeshEvidence(None), notes=(Note(str(error), live.ELSEWHERE),))
        share = min(live.SECONDS, max(deadline.left() - _SPARE_SECONDS, _SPARE_SECONDS))
        reports = begin(partial(_reports, api, share))
        seen = live.look(api, self.scope, share)
        if seen.evidence is None:
            self._api = None  # a token may have expired
            return Bundle(MeshEvidence(None), notes=seen.notes)
        pictures = begin(partial(self._images, seen.evidence, deadline))
        told = begin(partial(self._with_logs, api, seen.evidence, deadline))
        first = reports.result()
        written, gaps = self._settled(api, seen.evidence, first, deadline)
        evidence = told.result() if written is first[0] else self._once_more(api, told, deadline)
        if not written and not gaps:
            gaps = (NOBODY,)
        return Bundle(MeshEvidence(evidence, written, gaps), pictures.result(), seen.notes)

    def _once_more(
        self, api: Api, before: Future[KubernetesEvidence], deadline: Deadline
    ) -> KubernetesEvidence:
        """Look at the objects again: those from before the newest reports are of another time."""
        seconds = min(live.SECONDS, _left(deadline) - _SPARE_SECONDS)
        seen = live.look(api, self.scope, seconds) if seconds > 0 else None
        if seen is None or seen.evidence is None or seen.evidence.gaps:
            return before.result()
        return self._with_logs(api, seen.evidence, deadline)

    def _images(
        self, evidence: KubernetesEvidence, deadline: Deadline
    ) -> tuple[ImageEvidence, ...]:
        found = suspects.suspects(evidence) if self.images else {}
        if not found or _left(deadline) <= _SPARE_SECONDS:
            return ()
        self.tell(f"asking the registries of {', '.join(found)}")
        seconds = min(suspects.SECONDS, _left(deadline) - _SPARE_SECONDS)
        return suspects.ask(found, self.environ, seconds)

    def _with_logs(
        self, api: Api, evidence: KubernetesEvidence, deadline: Deadline
    ) -> KubernetesEvidence:
        seconds = min(logs.SECONDS, _left(deadline) - _SPARE_SECONDS)
        if seconds <= 0:
            return evidence
        return logs.with_logs(api, evidence, self.scope.beside, seconds)

    def _settled(
        self, api: Api, cluster: KubernetesEvidence, told: Told, deadline: Deadline
    ) -> Told:
        """Read the reports again until they are of one mind about when they looked."""
        waiting = False
        while not settled(told[0], SILENT_AFTER_SECONDS):
            if self.enough(MeshEvidence(cluster, *told)):
                break
            if _left(deadline) <= _AGAIN_SECONDS + _SPARE_SECONDS:
                break
            if not waiting:
                self.tell("waiting until every agent has looked since the first failure")
                waiting = True
            time.sleep(_AGAIN_SECONDS)
            again = _reports(api, max(_left(deadline) - _SPARE_SECONDS, _SPARE_SECONDS))
            if not again[0]:
                break
            told = again
        return told


def without(bundle: Bundle, namespaces: frozenset[str]) -> Bundle:
    """Leave out what is of other namespaces.

    Args:
        bundle: any.
        namespaces: to keep.
    """
    if bundle.mesh.cluster is None:
        return bundle
    return replace(
        bundle, mesh=replace(bundle.mesh, cluster=bundle.mesh.cluster.within(namespaces))
    )


def _left(deadline: Deadline) -> float:
    try:
        return deadline.left()
    except TooLateError:
        return 0.0


def _reports(api: Api, seconds: float) -> Told:
    try:
        found = api.list(_REPORTS, {"labelSelector": _SELECTOR}, seconds)
    except ApiError as error:
        return (), (f"the agents' reports in namespace {NAMESPACE}: {error}",)
    return collect(found.objects, found.moment)
