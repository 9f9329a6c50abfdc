"""A container of a Pod, run by Podman as the kubelet would have it run."""

import subprocess
from collections.abc import Sequence

from tests.support.image_workshop import Workshop
from tests.support.manifests import Manifest
from tests.support.pod_process import PodProcess

# The kubelet's tmpfs for read-only Pods is none, Podman's would be three folders.
CLOSED = (
    *("--rm", "--network=host", "--read-only", "--read-only-tmpfs=false"),
    *("--security-opt=no-new-privileges", "--cap-drop=all"),
    *("--ulimit=nofile=16384:16384", "--ulimit=nproc=8192:8192", "--tls-verify=false"),
)


class PodContainer(PodProcess):
    """A container that runs here, pulled from the workshop's registry.

    Args:
        workshop: its storage.
        template: the Pod; the image is the one of the container's name.
        address: its loopback address, for it has the machine's network.
        replaced: as `environment` says.
    """

    def __init__(
        self, workshop: Workshop, template: Manifest, address: str, **replaced: str
    ) -> None:
        self._workshop = workshop
        self._pod = template["spec"]["securityContext"]
        super().__init__(template, address, **replaced)

    def command(self) -> Sequence[str]:
        """Return Podman's command: user and limit of the manifest, its variables by their names."""
        user = f"{self._pod['runAsUser']}:{self._pod['runAsGroup']}"
        memory = self.container["resources"]["limits"]["memory"].removesuffix("i").lower()
        return self._workshop.podman(
            *("run", f"--name={self.name}", *CLOSED, f"--user={user}", f"--memory={memory}"),
            *(f"--env={name}" for name in self.environment),
            self._workshop.reference(self.name),
        )

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.container["name"])

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Do what `kubectl exec` does."""
        wanted = self._workshop.podman("exec", self.name, *command)
        return subprocess.run(wanted, capture_output=True, text=True, timeout=60, check=False)

    def __exit__(self, *raised: object) -> None:
        # Podman's own end would not end the container.
        ended = self._workshop.podman("rm", "--force", "--ignore", "--time=0", self.name)
        subprocess.run(ended, capture_output=True, timeout=60, check=False)
        super().__exit__(*raised)
