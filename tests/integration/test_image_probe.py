"""`meshdoctor image` against a real registry: each state of an image gets its own name."""

from collections.abc import Iterator

import pytest

from meshdoctor.doctor.checks.image import judge_image
from meshdoctor.doctor.model import State, Verdict
from meshdoctor.lab.oci import (
    AMD64,
    ARM64,
    DOCKER_MANIFEST,
    ELF_AMD64,
    ELF_ARM64,
    OCI_MANIFEST,
    Registry,
    layer,
)
from meshdoctor.probes.registry.evidence import ImageEvidence, Trouble
from meshdoctor.probes.registry.image import ImageQuestion, look_at_image
from meshdoctor.probes.registry.platforms import Platform, parse
from meshdoctor.probes.registry.reference import parse as parse_reference
from tests.support.lab import free_port
from tests.support.oci_registry import registry

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]  # a registry may be fetched

BOTH = (AMD64, ARM64)


@pytest.fixture(scope="module")
def open_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Give a registry that lets everybody in."""
    with registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


def look(name: str, *platforms: Platform, programs: bool = False) -> ImageEvidence:
    """Ask as the command does, without credentials."""
    reference, asked = parse_reference(name), platforms or BOTH
    environ = {"DOCKER_CONFIG": "/nowhere"}
    return look_at_image(ImageQuestion(reference, asked, programs=programs, environ=environ))


def verdict_on(name: str, *platforms: Platform, programs: bool = False) -> Verdict:
    """Ask and judge."""
    return judge_image(look(name, *platforms, programs=programs))


def codes(verdict: Verdict) -> list[str]:
    """Give the faults that were named."""
    return [finding.code for finding in verdict.findings]


@pytest.mark.parametrize("docker", [False, True], ids=["oci", "docker"])
def test_an_image_of_both_platforms_is_healthy(open_registry: Registry, docker: bool) -> None:  # noqa: FBT001
    """Whether its manifests are OCI's or Docker's, and however it is named."""
    pushed = open_registry.both("team/good", docker=docker)
    name = f"{open_registry.host}/team/good"

    by_tag = verdict_on(f"{name}:1")
    by_digest = verdict_on(f"{name}@{pushed.digest}")

    assert State.HEALTHY == by_tag.state == by_digest.state
    assert f"index {pushed.digest}" == by_tag.seen[0]
    assert f"{name}:1 runs on linux/amd64 and linux/arm64: index and config blobs say so" == (
        by_tag.sentence
    )


def test_an_index_without_the_platform_is_named(open_registry: Registry) -> None:
    """The story's first problem: built on one kind of machine, for nodes of another."""
    only = open_registry.image("arm", ARM64)
    open_registry.index("arm", "1", [(only, ARM64)])
    name = f"{open_registry.host}/arm:1"

    verdict = verdict_on(name)

    assert ["image-platform-missing"] == codes(verdict)
    assert f"{name} has no image for linux/amd64: its index lists linux/arm64" == verdict.sentence
    assert f"--platform linux/amd64,linux/arm64 --tag {name} --push" in verdict.findings[0].fix
    assert State.HEALTHY == verdict_on(name, ARM64).state


def test_attestations_are_no_platform(open_registry: Registry) -> None:
    """What buildx adds as `unknown/unknown` is neither shown nor chosen."""
    image = open_registry.image("attested", AMD64)
    paper = open_registry.image("attested", Platform("unknown", "unknown"))
    open_registry.index("attested", "1", [(image, AMD64), (paper, Platform("unknown", "unknown"))])

    evidence = look(f"{open_registry.host}/attested:1", AMD64)

    assert [AMD64] == [entry.platform for entry in evidence.entries]
    assert State.HEALTHY == judge_image(evidence).state


@pytest.mark.parametrize("docker", [False, True], ids=["oci", "docker"])
def test_a_single_manifest_of_another_platform_is_named(
    open_registry: Registry,
    docker: bool,  # noqa: FBT001
) -> None:
    """It pulls and dies, so it is another fault than a missing platform."""
    kind = DOCKER_MANIFEST if docker else OCI_MANIFEST
    open_registry.image("single", ARM64, tag="1", media_type=kind)
    name = f"{open_registry.host}/single:1"

    assert ["image-platform-wrong"] == codes(verdict_on(name))
    assert ["image-platform-wrong"] == codes(verdict_on(name, AMD64))
    assert State.HEALTHY == verdict_on(name, ARM64).state


def test_index_and_config_blob_that_disagree_are_named(open_registry: Registry) -> None:
    """The index promises arm64, and behind it lies what the builder had."""
    good = open_registry.image("mixed", AMD64)
    wrong = open_registry.image("mixed", AMD64, running={"Cmd": ["another"]})
    open_registry.index("mixed", "1", [(good, AMD64), (wrong, ARM64)])

    verdict = verdict_on(f"{open_registry.host}/mixed:1")

    assert ["image-config-mismatch"] == codes(verdict)
    assert "the index says linux/arm64, the config blob behind it says linux/amd64" in (
        verdict.sentence
    )


def test_an_index_that_names_no_platform_is_read_on(open_registry: Registry) -> None:
    """Containerd asks the config blob then, so the probe does."""
    image = open_registry.image("mute", ARM64)
    open_registry.index("mute", "1", [(image, None)])
    name = f"{open_registry.host}/mute:1"

    assert State.HEALTHY == verdict_on(name, ARM64).state
    assert ["image-platform-missing"] == codes(verdict_on(name, AMD64))


def test_a_config_blob_without_a_platform_leaves_a_doubt(open_registry: Registry) -> None:
    """Nothing is named that nobody saw."""
    open_registry.image("blank", None, tag="1")

    verdict = verdict_on(f"{open_registry.host}/blank:1", AMD64)

    assert (State.UNKNOWN, []) == (verdict.state, codes(verdict))
    assert "does not say its platform" in verdict.sentence


def test_a_32_bit_image_leaves_a_doubt(open_registry: Registry) -> None:
    """Containerd takes it on a 64-bit node; whether it runs there is the kernel's word."""
    old = parse("linux/386")
    image = open_registry.image("old", old)
    open_registry.index("old", "1", [(image, old)])

    assert State.UNKNOWN == verdict_on(f"{open_registry.host}/old:1", AMD64).state


def test_a_missing_tag_and_a_missing_repository_are_named(open_registry: Registry) -> None:
    """The registry's own words are kept: they tell the two apart."""
    open_registry.both("tagged")

    no_tag = verdict_on(f"{open_registry.host}/tagged:2")
    no_name = verdict_on(f"{open_registry.host}/nobody:1")

    assert ["image-tag-missing"] == codes(no_tag) == codes(no_name)
    assert "MANIFEST_UNKNOWN" in no_tag.findings[0].seen[0]
    assert "image-registry-unreachable: a registry answered" in no_tag.findings[0].ruled_out


def test_an_image_that_is_there_in_part_is_named(open_registry: Registry) -> None:
    """The index is there, the manifest that it lists is not: the pull says `not found`."""
    gone = open_registry.image("partly", AMD64)
    open_registry.index("partly", "1", [(gone, AMD64)])
    open_registry.ask("DELETE", f"partly/manifests/{gone.digest}")

    verdict = verdict_on(f"{open_registry.host}/partly:1", AMD64)

    assert ["image-tag-missing"] == codes(verdict)
    assert "in part" in verdict.sentence


def test_a_port_where_nobody_listens_is_named() -> None:
    """The words of the system are the evidence."""
    verdict = verdict_on(f"127.0.0.1:{free_port()}/a:1")

    assert ["image-registry-unreachable"] == codes(verdict)
    assert "the registry takes no connection" in verdict.sentence
    assert "Connection refused" in verdict.findings[0].seen[0]


def test_a_name_without_an_address_is_named() -> None:
    """`.invalid` never has one (RFC 6761)."""
    evidence = look("registry.invalid/a:1")

    assert evidence.failure
    assert evidence.failure.trouble in {Trouble.NAME_UNKNOWN, Trouble.SILENT}
    assert ["image-registry-unreachable"] == codes(judge_image(evidence))


BASE = layer(
    ("usr", None),
    ("usr/bin", None),
    ("bin", "usr/bin"),
    ("usr/bin/python3.11", ELF_AMD64),
    ("usr/bin/python3", "python3.11"),
    ("usr/bin/old", ELF_AMD64),
)


def test_the_program_that_an_image_starts_is_read(open_registry: Registry) -> None:
    """Through PATH, links, a script and its interpreter; whiteouts and hard links count."""
    app = layer(
        ("app/run", b"#!/bin/python3 -u\n"),
        ("usr/bin/.wh.old", b""),
        links={"app/twin": "usr/bin/python3.11"},
    )
    running = {"Entrypoint": ["run"], "Env": ["PATH=/app:/bin"]}
    name = f"{open_registry.host}/scripted"
    open_registry.image("scripted", AMD64, tag="1", layers=[BASE, app], running=running)
    open_registry.image(
        "scripted", AMD64, tag="2", layers=[BASE, app], running={"Cmd": ["/app/twin"]}
    )
    open_registry.image("scripted", AMD64, tag="3", layers=[BASE, app], running={"Cmd": ["old"]})

    (script,), (twin,), (gone,) = (
        look(f"{name}:{tag}", AMD64, programs=True).contents for tag in (1, 2, 3)
    )

    assert script.program
    assert ("/usr/bin/python3.11", "amd64", ("/app/run",)) == (
        script.program.path,
        script.program.machine,
        script.program.scripts,
    )
    assert twin.program
    assert ("/app/twin", "amd64") == (twin.program.path, twin.program.machine)
    assert gone.program
    assert gone.program.failure
    assert "hold no old" in gone.program.failure.words


def test_a_program_of_another_platform_than_its_label_is_named(open_registry: Registry) -> None:
    """Labels right, content wrong: only the program's own header tells."""
    wrong = layer(("main", ELF_ARM64))
    running = {"Entrypoint": ["/main"]}
    image = open_registry.image("mislabelled", AMD64, layers=[wrong], running=running)
    open_registry.index("mislabelled", "1", [(image, AMD64)])
    name = f"{open_registry.host}/mislabelled:1"

    assert State.HEALTHY == verdict_on(name, AMD64).state
    assert ["image-config-mismatch"] == codes(verdict_on(name, AMD64, programs=True))
    assert any("were not read" in line for line in verdict_on(name, AMD64).limits)
