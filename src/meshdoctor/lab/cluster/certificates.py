"""What cert-manager and the kubelets do for mutual TLS: leaves by the manifests, in files.

The manifests say what each Secret's certificate is for (kind Certificate of cert-manager.io) and
where its files stand in the Pod. Here those files are the machine's: the variables that name them
lead elsewhere, and all Pods of a workload share one folder, as they share one Secret.
"""

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from meshdoctor.lab.authority import CLIENT, SERVER, Authority, Leaf, Mounted
from meshdoctor.lab.cluster.plan import Plan
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.network import HOME
from meshdoctor.lab.net.topology import Manifest

_FOLDER = HOME / "certificates"
_CERTIFICATE = "Certificate"
_VOLUME = "tls"
_USAGES = {"server auth": SERVER, "client auth": CLIENT}
_HOURS = re.compile(r"(\d+)h")
_HOUR = 3600.0
_A_MINUTE_AGO = -60.0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a workload is to be given.

    Attributes:
        certificate: what cert-manager is asked for.
        paths: of the files in the Pod, each with its key in the Secret.
    """

    certificate: Manifest
    paths: Mapping[str, str]

    def leaf(self, authority: Authority, seconds: float | None) -> Leaf:
        """Have it issued; None is for as long as it asks for."""
        spec = self.certificate["spec"]
        usages = [_USAGES[each] for each in spec["usages"] if each in _USAGES]
        life = float(_HOURS.fullmatch(spec["duration"])[1]) * _HOUR  # type: ignore[index]
        left = life if seconds is None else seconds
        return authority.leaf(*spec["dnsNames"], usages=usages, seconds=left)

    def files(self, leaf: Leaf) -> dict[str, bytes]:
        """Give its files as they stand in the Pod."""
        held = leaf.files()
        return {path: held[key] for path, key in self.paths.items()}


class Certificates:
    """The certificates of all workloads that mount some."""

    def __init__(self, wanted: Mapping[str, _Wanted]) -> None:
        """Issue all of them; see `of`."""
        self._wanted = wanted
        self._authority = Authority()
        shutil.rmtree(_FOLDER, ignore_errors=True)  # of a cluster before, in the same sandbox
        self._mounted = {
            app: Mounted(_FOLDER / app, one.files(one.leaf(self._authority, None)))
            for app, one in wanted.items()
        }

    @classmethod
    def of(cls, plan: Plan) -> "Certificates":
        """Make those that the manifests of a plan ask for: none for a mesh without TLS.

        Raises:
            LabError: a Pod mounts a Secret for which there is no Certificate.
        """
        owners = {id(each): each for each in plan.owners.values()}.values()
        return cls(dict(_all_wanted(owners, plan.manifests)))

    def renew(self, app: str) -> None:
        """Give a workload a leaf as it asks for it.

        Args:
            app: its name, such as `recommendations`; its Pods see the files at once.

        Raises:
            LabError: it mounts none.
        """
        self._swap(app, self._authority, None)

    def expire(self, app: str) -> None:
        """Give a workload a leaf that ended a minute ago; raises as `renew`."""
        self._swap(app, self._authority, _A_MINUTE_AGO)

    def estrange(self, app: str) -> None:
        """Give a workload a leaf of another CA, and that CA to believe; raises as `renew`."""
        self._swap(app, Authority(), None)

    def _swap(self, app: str, authority: Authority, seconds: float | None) -> None:
        if app not in self._wanted:
            raise LabError(f"{app} has no certificate here: the mesh is to be one with TLS")
        wanted = self._wanted[app]
        self._mounted[app].swap(wanted.files(wanted.leaf(authority, seconds)))


def leading_elsewhere(env: Mapping[str, str], container: Manifest, app: str) -> Mapping[str, str]:
    """Give a container's variables, with those that name its certificates' files corrected.

    Args:
        env: of the container.
        container: which may mount certificates.
        app: of which workload.
    """
    mounts = container.get("volumeMounts", ())
    found = [one["mountPath"] for one in mounts if one["name"] == _VOLUME]
    return {
        name: str(_FOLDER / app / value.removeprefix(f"{path}/"))
        for path in found
        for name, value in env.items()
        if value.startswith(f"{path}/")
    }


def _all_wanted(
    owners: Iterable[Manifest], manifests: Iterable[Manifest]
) -> Iterable[tuple[str, _Wanted]]:
    asked = {one["spec"]["secretName"]: one for one in manifests if one["kind"] == _CERTIFICATE}
    for owner in owners:
        for volume in owner["spec"]["template"]["spec"].get("volumes", ()):
            if volume["name"] == _VOLUME:
                secret = _secret(volume)
                if secret["name"] not in asked:
                    raise LabError(f"no Certificate is for the Secret {secret['name']}")
                paths = {each["path"]: each["key"] for each in secret["items"]}
                yield owner["metadata"]["name"], _Wanted(asked[secret["name"]], paths)


def _secret(volume: Manifest) -> dict[str, Any]:
    sources = volume["projected"]["sources"]
    found: dict[str, Any] = next(one["secret"] for one in sources if "secret" in one)
    return found
