"""Platforms, challenges, headers of programs, Docker's configuration: read as their sources say."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.lab.oci import elf as program
from meshdoctor.probes.deadline import Deadline
from meshdoctor.probes.registry import challenge, elf, platforms
from meshdoctor.probes.registry.credentials import (
    CredentialsError,
    Login,
    config_path,
    login_for,
)
from meshdoctor.probes.registry.platforms import Platform, PlatformError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("Linux/x86_64", Platform("linux", "amd64")),
        ("linux/aarch64", Platform("linux", "arm64")),
        ("linux/arm64/v8", Platform("linux", "arm64")),
        ("linux/arm64/8", Platform("linux", "arm64")),
        ("linux/arm", Platform("linux", "arm", "v7")),
        ("linux/arm/v6", Platform("linux", "arm", "v6")),
        ("linux/amd64/v3", Platform("linux", "amd64", "v3")),
    ],
)
def test_one_platform_has_many_spellings(text: str, expected: Platform) -> None:
    """They become one, as in containerd."""
    assert expected == platforms.parse(text)


@pytest.mark.parametrize("text", ["", "amd64", "linux/", "linux/a/b/c", "linux/a b"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    """With an example of what would be one."""
    with pytest.raises(PlatformError, match="linux/amd64"):
        platforms.parse(text)


@pytest.mark.parametrize(
    ("image", "node", "runs", "lesser"),
    [
        ("linux/amd64", "linux/amd64", True, False),
        ("linux/arm64/v8", "linux/arm64", True, False),
        ("linux/amd64/v3", "linux/amd64", False, False),
        ("linux/amd64", "linux/amd64/v3", True, False),
        ("linux/arm/v6", "linux/arm/v7", True, False),
        ("linux/arm/v7", "linux/arm/v6", False, False),
        ("linux/386", "linux/amd64", False, True),
        ("linux/arm/v7", "linux/arm64", False, True),
        ("windows/amd64", "linux/amd64", False, False),
    ],
)
def test_what_runs_where(image: str, node: str, *, runs: bool, lesser: bool) -> None:
    """As containerd chooses (`platforms.Only`), and 32 bits on 64 apart."""
    one, other = platforms.parse(image), platforms.parse(node)

    assert (runs, lesser) == (one.runs_on(other), one.lesser_than(other))


def test_a_challenge_for_a_token_is_read() -> None:
    """Quoted values hold commas and spaces."""
    asked = challenge.read(
        'Bearer realm="https://a/t?x=1",service="r, x",scope="repository:a:pull"'
    )

    assert asked
    assert ("bearer", "https://a/t?x=1", "r, x", "repository:a:pull") == (
        asked.scheme,
        *(asked.parameters[key] for key in ("realm", "service", "scope")),
    )


def test_of_two_ways_the_token_is_taken() -> None:
    """A token says less about its bearer than a password does; what is unknown is no way."""
    asked = challenge.read('Basic realm="a", Bearer realm="https://a/t"')

    assert asked
    assert "bearer" == asked.scheme
    assert challenge.read("Negotiate abc") is None
    assert challenge.read("") is None


@given(st.text(max_size=80))
def test_any_challenge_is_survived(text: str) -> None:
    """It comes from whoever answers."""
    challenge.read(text)


@pytest.mark.parametrize(
    ("number", "bits", "order", "name"),
    [
        (62, 2, 1, "amd64"),
        (183, 2, 1, "arm64"),
        (3, 1, 1, "386"),
        (40, 1, 1, "arm"),
        (21, 2, 1, "ppc64le"),
        (21, 2, 2, "ppc64"),
        (22, 2, 2, "s390x"),
        (243, 2, 1, "riscv64"),
        (9999, 2, 1, "machine 9999"),
    ],
)
def test_a_program_says_its_processor(number: int, bits: int, order: int, name: str) -> None:
    """By the number, the size of a word and the order of bytes in its header."""
    assert name == elf.machine(program(number, bits=bits, order=order))


def test_this_python_says_the_processor_of_this_machine() -> None:
    """The reader agrees with the kernel that runs it."""
    head = Path("/proc/self/exe").read_bytes()[: elf.HEAD]
    machine = __import__("platform").machine()

    assert platforms.normal("linux", machine).architecture == elf.machine(head)


@pytest.mark.parametrize(
    ("head", "reader"),
    [
        (b"#!/bin/sh\necho", "/bin/sh"),
        (b"#! /usr/bin/env python3\n", "/usr/bin/env"),
        (b"#!\n", None),
        (b"plain", None),
        (b"", None),
    ],
)
def test_a_script_names_its_interpreter(head: bytes, reader: str | None) -> None:
    """And is no program itself."""
    assert reader == elf.interpreter(head)
    assert elf.machine(head) is None


@given(st.binary(max_size=64))
def test_any_bytes_are_survived(head: bytes) -> None:
    """They come out of an image."""
    elf.machine(head)
    elf.interpreter(head)


def found(folder: Path, host: str, **config: object) -> Login | None:
    """Ask a configuration for a registry's credentials."""
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return login_for(host, path, Deadline(5.0))


AUTH = base64.b64encode(b"me:se:cret").decode()


@pytest.mark.parametrize(
    "key", ["quay.io", "https://quay.io", "https://quay.io/v1/", "quay.io/v2/"]
)
def test_a_registry_is_found_however_it_is_written(tmp_path: Path, key: str) -> None:
    """A password may hold a colon, a name may not (RFC 7617)."""
    login = found(tmp_path, "quay.io", auths={key: {"auth": AUTH}})

    assert login
    assert ("me", "se:cret") == (login.user, login.secret)
    assert "cret" not in repr(login)


def test_docker_hub_has_a_key_of_its_own(tmp_path: Path) -> None:
    """`docker login` without an address writes that of the old index."""
    auths = {"https://index.docker.io/v1/": {"auth": AUTH}, "quay.io": {}}

    assert found(tmp_path, "docker.io", auths=auths)
    assert found(tmp_path, "quay.io", auths=auths) is None
    assert found(tmp_path, "example.com", auths=auths) is None


def test_a_broken_configuration_says_where(tmp_path: Path) -> None:
    """The file's name is in the sentence; a file that is not there is no trouble."""
    path = tmp_path / "config.json"
    for text in ("{", "[]", '{"auths": {"quay.io": {"auth": "?"}}}'):
        path.write_text(text)
        with pytest.raises(CredentialsError, match=str(path)):
            login_for("quay.io", path, Deadline(5.0))

    assert login_for("quay.io", tmp_path / "nowhere.json", Deadline(5.0)) is None
    assert found(tmp_path, "quay.io", auths=None, credHelpers=[]) is None


def test_a_helper_is_a_name_and_no_path(tmp_path: Path) -> None:
    """A configuration from a stranger starts no program of his."""
    with pytest.raises(CredentialsError, match="no name of a program"):
        found(tmp_path, "quay.io", credHelpers={"quay.io": "x/../../../tmp/evil"})


def test_docker_config_names_the_folder() -> None:
    """As for Docker itself."""
    assert Path("/a/config.json") == config_path({"DOCKER_CONFIG": "/a", "HOME": "/h"})
    assert Path("/h/.docker/config.json") == config_path({"HOME": "/h"})
