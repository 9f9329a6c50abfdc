# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2025.5", "uv>=0.7"]
# ///
"""The only door to this house: every job is a session here, for people and for CI alike."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True
nox.options.sessions = ["tests"]
# Images for CI often forbid Python to keep what it compiled. The lab and its tests start hundreds
# of processes, and each would compile everything anew: `meshdoctor diagnose` took twice as long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

TYPED = (
    "src",
    "services",
    "protos/gen",
    "observability",
    "loadtest",
    "k8s",
    "images",
    "tests",
    "noxfile.py",
)
# No more at once than small machines have cores: visitors of a real mesh are timed in some tests.
TWO_AT_ONCE = ("-n2", "--dist=worksteal")
# The same where tests share what is costly to start: a file's tests stay together.
TWO_FILES_AT_ONCE = ("-n2", "--dist=loadfile")
LAB_WORDS = ("cluster", "list", "matrix", "net", "run", "shell")
LOCKS = {
    "dev": ("pyproject.toml", "--extra=services", "--extra=cli", "--group=dev", "--group=nox"),
    "services": ("pyproject.toml", "--extra=services", "--constraints=requirements/dev.txt"),
    "toolbox": ("pyproject.toml", "--extra=cli", "--constraints=requirements/dev.txt"),
    "nox": ("--group=nox", "--constraints=requirements/dev.txt"),
    "browser": ("--group=browser", "--constraints=requirements/dev.txt"),
    "manifests": ("--group=manifests",),
    "protos": ("--group=protos",),
    "images": ("--group=images", "--constraints=requirements/dev.txt"),
    "cluster": ("--group=cluster", "--constraints=requirements/dev.txt"),
}


@nox.session
def demo(session: nox.Session) -> None:
    """Run the mesh under load on this machine and judge it: out/demo/report.html."""
    install_house(session)
    run_lab(session, "demo")


@nox.session
def up(session: nox.Session) -> None:
    """Keep the mesh running until Ctrl-C and print its addresses."""
    install_house(session)
    run_lab(session, "up")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what the instruments cost: requests per second, latency, CPU per request."""
    install_house(session)
    run_lab(session, "bench")


@nox.session
def drill(session: nox.Session) -> None:
    """Hurt the mesh in six ways and time the page, or hurt nothing: `-- --healthy SECONDS`."""
    install_house(session)
    run_lab(session, "drill")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; paths and options after `--` replace the whole set."""
    install_house(session)
    session.run(
        *("pytest", *TWO_AT_ONCE, *session.posargs), interrupt_timeout=20, terminate_timeout=10
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, security slips, import arrows and shell scripts; `-- --fix` mends style."""
    install_house(session)
    fix = "--fix" in session.posargs
    session.run("ruff", "check", *(["--fix"] if fix else []))
    session.run("ruff", "format", *([] if fix else ["--check"]))
    session.run("lint-imports", "--no-cache")
    session.run("shellcheck", "mesh", ".ci/run")


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types of everything with mypy in strict mode."""
    install_house(session, "browser")
    paths = session.posargs or [path for path in TYPED if Path(path).exists()]
    session.run("mypy", *paths)


@nox.session
def protos(session: nox.Session) -> None:
    """Write the code of protos/ anew into protos/gen, or into the folder after `--`."""
    install_lock(session, "protos")
    target = Path(session.posargs[0] if session.posargs else "protos/gen")
    target.mkdir(parents=True, exist_ok=True)
    session.run(
        *("python", "-m", "grpc_tools.protoc", "--proto_path=protos"),
        *(f"--{kind}_out={target}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")),
        *sorted(str(path.relative_to("protos")) for path in Path("protos").rglob("*.proto")),
    )


@nox.session
def observability(session: nox.Session) -> None:
    """Write rules, alert routes and dashboards anew into observability/generated, or after `--`."""
    install_house(session)
    session.run("python", "-m", "observability", *session.posargs)


@nox.session
def cluster(session: nox.Session) -> None:
    """Lint the stack and the scripts of k8s/cluster, and create the cluster in a loopback AWS."""
    install_house(session, "cluster")
    session.run("cfn-lint", "--include-checks", "I", "--", "k8s/cluster/stack.yaml")
    session.run("shellcheck", *(str(path) for path in sorted(Path("k8s/cluster").glob("*.sh"))))
    session.run("pytest", *TWO_FILES_AT_ONCE, "--timeout=240", "tests/cluster", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Open the page and the report in a real Chromium and assert what a person sees."""
    chromium = chromium_of_this_machine(session)
    install_house(session, "browser")
    session.run("pytest", "tests/browser", *session.posargs, env={"CHROMIUM": chromium})


@nox.session
def manifests(session: nox.Session) -> None:
    """Render the overlays into k8s/rendered; `-- check` judges what is there and writes nothing."""
    install_house(session)
    if session.posargs[:1] != ["check"]:
        session.run("python", "k8s/render.py", *session.posargs)
        return
    judges = Path(session.virtualenv.location, "judges")
    session.run("uv", "venv", "--quiet", "--allow-existing", str(judges))
    session.run(
        *("uv", "pip", "install", "--quiet", f"--python={judges}", "--require-hashes"),
        "--requirement=requirements/manifests.txt",
    )
    session.run(
        *("pytest", *TWO_FILES_AT_ONCE, "tests/manifests", *session.posargs[1:]),
        env={"JUDGES": str(judges / "bin")},
    )


@nox.session
def pin(session: nox.Session) -> None:
    """Write the digests of all images beside their tags; `-- --registry HOST/PATH` for our own."""
    install_house(session)
    # 2: some registry could not be asked, and that was said; what is known is written.
    session.run("python", "-m", "k8s.pin", *session.posargs, success_codes=[0, 2])
    session.run("python", "k8s/render.py")


@nox.session
def images(session: nox.Session) -> None:
    """Build the images for both platforms without Docker, look into them, and run them."""
    containers_of_this_machine(session)
    install_house(session, "images")
    places = ("services/*/Dockerfile", "images/*Dockerfile")
    session.run("hadolint", *(str(path) for place in places for path in Path().glob(place)))
    session.run("zizmor", "--offline", ".github/workflows")
    # Time to give back containers and mounts.
    session.run(
        *("pytest", "tests/images", *session.posargs), interrupt_timeout=60, terminate_timeout=30
    )


@nox.session
def lab(session: nox.Session) -> None:
    """Build the cluster's network in namespaces and show it; `-- matrix`, `-- check`: all of it."""
    install_house(session)
    word = next(iter(session.posargs), "")
    if word != "check":
        run_lab(session, *([] if word in LAB_WORDS else ["net"]))
    options = session.posargs[1:]
    session.run("pytest", "tests/lab/outside", *options)
    inside = ("python", "-m", "tests.support.sandboxed", "pytest", "-p", "no:cacheprovider")
    session.run(*inside, "tests/lab/inside", *options)


@nox.session
def lock(session: nox.Session) -> None:
    """Pin what pyproject.toml asks for in requirements/*.txt; `-- --upgrade` takes newer ones."""
    session.install("uv")
    for name, sources in LOCKS.items():
        session.run(
            *("uv", "pip", "compile", "--quiet", "--no-config", "--universal"),
            *("--python-version=3.11", "--generate-hashes", "--no-header", "--no-annotate"),
            *("--no-emit-index-url", "--no-emit-find-links"),
            *(*sources, f"--output-file=requirements/{name}.txt", *session.posargs),
            silent=True,
        )


def install_lock(session: nox.Session, *names: str) -> None:
    """Install exactly what the locks name, hashes checked."""
    files = [f"--requirement=requirements/{name}.txt" for name in names]
    session.install("--require-hashes", *files)


def install_house(session: nox.Session, *more: str) -> None:
    """Install the locked development set and this checkout, editable."""
    install_lock(session, "dev", *more)
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")


def run_lab(session: nox.Session, *job: str) -> NoReturn:
    """Become the lab, which has processes to give back: it gets every signal and its own exit code.

    Nox would pass no SIGTERM on, and turns every failure into 1. Name such a session last.
    """
    command = ["python", "-m", "meshdoctor.lab", *job, *session.posargs]
    session.log(" ".join(command))
    path = os.pathsep.join((session.bin, os.environ.get("PATH", os.defpath)))
    os.execve(Path(session.bin, "python"), command, {**os.environ, "PATH": path})  # noqa: S606


def chromium_of_this_machine(session: nox.Session) -> str:
    """Return the path of Chromium; root gets it from the distribution's packages."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        install_packages(session, "chromium", "fonts-dejavu-core")
        found = shutil.which("chromium")
    if not found:
        session.error("no Chromium on PATH: install it, for instance `apt-get install chromium`")
    return found


def containers_of_this_machine(session: nox.Session) -> None:
    """See that what builds, stores and runs containers is there; root gets it as packages."""
    wanted = ("buildah", "podman", "runc", "docker-registry")
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"

    def missing() -> list[str]:
        return [name for name in wanted if not shutil.which(name, path=path)]

    if os.geteuid():
        session.error("containers of our own need root: run this session as root")
    if missing() and shutil.which("apt-get"):
        install_packages(session, *wanted)
    if missing():
        session.error(f"not on PATH: {', '.join(missing())}; install them")


def install_packages(session: nox.Session, *packages: str) -> None:
    """Install packages of the distribution."""
    for command in (("update",), ("install", "--no-install-recommends", *packages)):
        session.run(
            *("apt-get", "-qq", "--yes", *command),
            env={"DEBIAN_FRONTEND": "noninteractive"},
            external=True,
            silent=True,
        )
