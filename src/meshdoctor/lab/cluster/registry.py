"""The registry: Debian's docker-registry in the visitors' place, with images right and wrong.

Its images are a few hundred bytes each: an index, manifests, config blobs, and a layer that holds
the first bytes of a program, which is what says for which processor it is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from meshdoctor.lab.cluster.credentials import Credentials
from meshdoctor.lab.crew import Crew
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.network import HOME
from meshdoctor.lab.oci import AMD64, ARM64, ELF_AMD64, ELF_ARM64, Pushed, Registry, layer
from meshdoctor.lab.packages import locate
from meshdoctor.lab.processes import Process, Program
from meshdoctor.lab.settings import LabSettings
from meshdoctor.probes.registry.platforms import Platform

NEEDS = ("docker-registry",)
PROGRAM = "app/serve"

_FOLDER = HOME / "registry"
_STOP_SECONDS = 2.0
_CA = _FOLDER / "tls.crt"
_SETTINGS = _FOLDER / "registry.json"
_PASSWORDS = _FOLDER / "htpasswd"
# bcrypt of a word that nobody here says
_HTPASSWD = "somebody:$2b$04$EHRKJcraWO6jVKN4E5LtpOJt22AavDqPJyGBnGl2jOPPbh9tnwcRS"
_PROGRAMS = {AMD64: ELF_AMD64, ARM64: ELF_ARM64}


class Tag(StrEnum):
    """What images there are, by tag.

    `good`: an index of both platforms. `arm-index`: an index of arm64 alone. `arm-single`: one
    manifest, of arm64. `mislabelled`: its index promises amd64 and leads to arm64. `nowhere`:
    nothing was ever pushed.
    """

    GOOD = "good"
    ARM_INDEX = "arm-index"
    ARM_SINGLE = "arm-single"
    MISLABELLED = "mislabelled"
    NOWHERE = "nowhere"


@dataclass(slots=True)
class ImageRegistry:
    """A registry that starts when it is asked for an image.

    Attributes:
        host: `host:port`; the port is opened where the process runs.
        crew: starts it, and ends it with the cluster.
    """

    host: str
    crew: Crew
    _process: Process | None = field(default=None, init=False)
    _pushed: set[str] = field(default_factory=set, init=False)

    @property
    def authority(self) -> Path:
        """The certificate that vouches for the registry: nodes and doctor have to believe it."""
        return _CA

    def trust(self) -> Mapping[str, str]:
        """Give the variables with which a program believes it; none while it was never started."""
        return {"SSL_CERT_FILE": str(_CA)} if self._process else {}

    def image(self, name: str, tag: Tag) -> str:
        """Have an image in the registry, which is started for it.

        Args:
            name: of the image, such as `marketplace`.
            tag: what is to be right or wrong with it.

        Returns:
            Its whole name.

        Raises:
            LabError: there is no docker-registry, or it does not start.
        """
        self.open()
        if name not in self._pushed:
            _push(Registry(self.host, ca=str(_CA)), name)
            self._pushed.add(name)
        return f"{self.host}/{name}:{tag}"

    def open(self) -> None:
        """Let everybody in; raises LabError as `image`."""
        self._serve({})

    def lock(self) -> None:
        """Let nobody in who does not know the password; raises LabError as `image`."""
        _FOLDER.mkdir(parents=True, exist_ok=True)
        _PASSWORDS.write_text(f"{_HTPASSWD}\n", "utf-8")
        self._serve({"htpasswd": {"realm": "lab", "path": str(_PASSWORDS)}})

    def close(self) -> None:
        """End it: nobody listens there any more, and what was pushed stays on the disk."""
        if self._process:
            self._process.end()

    def _serve(self, auth: Mapping[str, object]) -> None:
        settings = json.dumps(self._settings(auth))
        if self._process is None:
            _write_certificate(self.host.partition(":")[0])
            _SETTINGS.write_text(settings, "utf-8")
            (self._process,) = self.crew.start(_program(self.host))
            self._process.wait_ready()
        elif settings != _SETTINGS.read_text("utf-8") or not self._process.running:
            _SETTINGS.write_text(settings, "utf-8")
            self._process.restart()

    def _settings(self, auth: Mapping[str, object]) -> dict[str, object]:
        """Give its settings (distribution, "Configuring a registry"); JSON is YAML."""
        certificate = {"certificate": str(_CA), "key": str(_CA.with_suffix(".key"))}
        return {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(_FOLDER / "blobs")}},
            "http": {"addr": self.host, "tls": certificate},
            **({"auth": dict(auth)} if auth else {}),
        }


def _write_certificate(address: str) -> None:
    made = Credentials.made((address,), ())
    _FOLDER.mkdir(parents=True, exist_ok=True)
    _CA.write_bytes(made.certificate)
    _CA.with_suffix(".key").write_bytes(made.key)


def _program(host: str) -> Program:
    found = locate(NEEDS[0], LabSettings().cache.expanduser())
    if not found:
        raise LabError(f"the lab needs {NEEDS[0]}, and it could not be fetched")
    command = (str(found), "serve", str(_SETTINGS))
    return Program("registry", command, ready=f"tcp://{host}", stop_seconds=_STOP_SECONDS)


def _push(registry: Registry, name: str) -> None:
    """Push every image that there is to be."""
    amd64, arm64 = (_one(registry, name, each, each) for each in (AMD64, ARM64))
    registry.index(name, Tag.GOOD, [(amd64, AMD64), (arm64, ARM64)])
    registry.index(name, Tag.ARM_INDEX, [(arm64, ARM64)])
    _one(registry, name, ARM64, ARM64, Tag.ARM_SINGLE)
    # As `FROM --platform=$BUILDPLATFORM` on the last stage makes it on a machine of arm64.
    registry.index(name, Tag.MISLABELLED, [(arm64, AMD64), (arm64, ARM64)])


def _one(registry: Registry, name: str, says: Platform, holds: Platform, tag: str = "") -> Pushed:
    content = layer((PROGRAM, _PROGRAMS[holds]))
    running = {"Entrypoint": [f"/{PROGRAM}"]}
    return registry.image(name, says, tag=tag, layers=[content], running=running)
