"""`nox -s pin`: digests in the one list of images, from a real registry."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8s.imagelist import Image, ImageListError, read, write
from k8s.pin import LIST, OURS
from k8s.render import find_tool
from meshdoctor.lab.oci import AMD64, ARM64, Registry
from tests.support.oci_registry import registry

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]  # a registry may be fetched

FILE = """\
# Every image, once.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
  - name: marketplace   # the shop
    newName: HOST/team/marketplace
    newTag: "1.10"  # not a number
  # A word about this one.
  - name: prometheus
    newTag: v3
    newName: HOST/prometheus
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Give a registry."""
    with registry(tmp_path_factory.mktemp("registry")) as one:
        yield one


def pin(path: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run it."""
    command = (sys.executable, "-m", "k8s.pin", "--file", str(path), *options)
    root = LIST.parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def listed(folder: Path, host: str) -> Path:
    """Write a list of images."""
    path = folder / "kustomization.yaml"
    path.write_text(FILE.replace("HOST", host))
    return path


def test_each_tag_gets_its_digest_beside_it(running: Registry, tmp_path: Path) -> None:
    """Nothing else changes, not a comment, and a second run changes nothing at all."""
    path = listed(tmp_path, running.host)
    before = path.read_text()
    shop = running.both("team/marketplace", "1.10")
    prometheus = running.both("prometheus", "v3", docker=True)

    first, after = pin(path), path.read_text()
    second = pin(path)

    assert (0, "") == (first.returncode, first.stderr)
    added = [f"    digest: {one.digest}" for one in (shop, prometheus)]
    assert added == [line for line in after.splitlines() if line not in before.splitlines()]
    assert before.splitlines() == [line for line in after.splitlines() if line not in added]
    assert (0, after) == (second.returncode, path.read_text())
    assert f"prometheus: {running.host}/prometheus:v3 is {prometheus.digest}" in first.stdout


def test_kustomize_writes_tag_and_digest(running: Registry, tmp_path: Path) -> None:
    """The tag stays for people, the digest is what nodes pull."""
    part, overlay = tmp_path / "part", tmp_path / "overlay"
    part.mkdir()
    overlay.mkdir()
    path = listed(part, running.host)
    shop = running.both("team/marketplace", "1.10")
    running.both("prometheus", "v3")
    (overlay / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
        "spec: {containers: [{name: a, image: marketplace}]}\n"
    )
    (overlay / "kustomization.yaml").write_text("resources: [pod.yaml]\ncomponents: [../part]\n")

    assert 0 == pin(path).returncode
    done = subprocess.run((*find_tool(), str(overlay)), capture_output=True, text=True, check=True)

    assert f"image: {running.host}/team/marketplace:1.10@{shop.digest}" in done.stdout


def test_a_tag_that_moved_is_followed(running: Registry, tmp_path: Path) -> None:
    """The digest of yesterday is replaced where it stands."""
    path = listed(tmp_path, running.host)
    running.both("prometheus", "v3")
    running.both("team/marketplace", "1.10")
    pin(path)
    lines = path.read_text().count("\n")
    entries = [
        (running.image("prometheus", each, running={"Cmd": ["new"]}), each)
        for each in (AMD64, ARM64)
    ]
    new = running.index("prometheus", "v3", entries)

    assert 0 == pin(path).returncode
    assert new.digest in path.read_text()
    assert lines == path.read_text().count("\n")


def test_what_cannot_be_asked_stays_and_is_told(running: Registry, tmp_path: Path) -> None:
    """The others are written, and the exit code says that it is not all."""
    path = listed(tmp_path, running.host)
    path.write_text(path.read_text().replace(f"{running.host}/team", "127.0.0.1:1/team"))
    prometheus = running.both("prometheus", "v3")

    done = pin(path)

    assert 2 == done.returncode
    assert "marketplace: not resolved, stays as it is: " in done.stdout
    assert "Connection refused" in done.stdout
    assert [("marketplace", ""), ("prometheus", prometheus.digest)] == [
        (image.name, image.digest) for image in read(path.read_text())
    ]


@pytest.mark.parametrize("kind", ["no arm64", "single", "mixed"])
def test_an_image_that_lacks_a_platform_is_refused(
    running: Registry, tmp_path: Path, kind: str
) -> None:
    """In the index or behind it: then nothing is written, of the good ones neither."""
    path = listed(tmp_path, running.host)
    before = path.read_text()
    running.both("team/marketplace", "1.10")
    image = running.image("prometheus", AMD64, tag="v3" if kind == "single" else "")
    if kind != "single":
        entries = [(image, AMD64), (image, ARM64)][: 1 if kind == "no arm64" else 2]
        running.index("prometheus", "v3", entries)

    done = pin(path)

    assert (1, before) == (done.returncode, path.read_text())
    assert "prometheus: REFUSED: " in done.stdout
    assert "was left as it is" in done.stderr


def test_our_own_images_move_to_a_registry_of_ones_own(running: Registry, tmp_path: Path) -> None:
    """Only ours, and a digest of the old place does not follow them."""
    path = listed(tmp_path, running.host)
    running.both("team/marketplace", "1.10")
    running.both("prometheus", "v3")
    pin(path)
    mine = running.both("mine/marketplace", "1.10", docker=True)

    elsewhere = pin(path, "--registry", f"{running.host}/nobody")
    away = read(path.read_text())
    done = pin(path, "--registry", f"{running.host}/mine/")

    assert 2 == elsewhere.returncode
    assert Image("marketplace", f"{running.host}/nobody/marketplace", "1.10") == away[0]
    assert 0 == done.returncode
    shop, prometheus = read(path.read_text())
    assert (f"{running.host}/mine/marketplace", mine.digest) == (shop.new_name, shop.digest)
    assert f"{running.host}/prometheus" == prometheus.new_name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("images: [", "no YAML"),
        ("kind: Component\n", "no list `images`"),
        ("images:\n  - {name: a, newName: b, newTag: c}\n", "line 2: expected"),
        ("images:\n  - name: a\n    newTag: c\n", "found name, newTag"),
    ],
)
def test_a_list_that_cannot_be_changed_is_left(tmp_path: Path, text: str, words: str) -> None:
    """It says where and why."""
    path = tmp_path / "kustomization.yaml"
    path.write_text(text)

    done = pin(path)

    assert (1, text) == (done.returncode, path.read_text())
    assert words in done.stderr


def test_wrong_usage_is_no_verdict(tmp_path: Path) -> None:
    """As with the command itself: 3."""
    assert 3 == pin(tmp_path / "kustomization.yaml", "--nonsense").returncode
    assert 1 == pin(tmp_path / "kustomization.yaml", "--registry", "x").returncode


def test_the_list_of_this_repository_can_be_pinned() -> None:
    """It is of the form that can be changed, holds our three images, and nothing is lost."""
    text = LIST.read_text("utf-8")
    images = read(text)

    assert text == write(text, images)
    assert set(OURS) <= {image.name for image in images}
    with pytest.raises(ImageListError, match="no list"):
        write("", images)
