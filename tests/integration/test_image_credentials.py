"""Whom the probe says it is: to a real registry, in each of the ways that registries ask."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from meshdoctor.doctor.checks.image import judge_image
from meshdoctor.doctor.model import State, Verdict
from meshdoctor.lab.oci import AMD64, ARM64, Registry
from meshdoctor.probes.registry.image import ImageQuestion, look_at_image
from meshdoctor.probes.registry.reference import parse
from tests.support.oci_registry import PASSWORD, USER, closed_registry, registry
from tests.support.tokens import ISSUER, SERVICE, certificate, token, token_server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]  # a registry may be fetched

BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def docker(folder: Path, **config: object) -> Path:
    """Write a configuration of Docker; gives its folder."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def verdict_on(name: str, folder: Path, *, plain: bool = False) -> Verdict:
    """Ask as somebody whose Docker is configured so."""
    environ = {"DOCKER_CONFIG": str(folder)}
    question = ImageQuestion(parse(name), (AMD64, ARM64), plain=plain, environ=environ)
    return judge_image(look_at_image(question))


def codes(verdict: Verdict) -> list[str]:
    """Give the faults that were named."""
    return [finding.code for finding in verdict.findings]


def test_a_name_and_a_password(tmp_path: Path) -> None:
    """None and wrong ones are refused, those of Docker's configuration open it."""
    wrong = base64.b64encode(f"{USER}:mistaken".encode()).decode()
    with closed_registry(tmp_path) as running:
        running.both("secret")
        name = f"{running.host}/secret:1"
        friends = docker(tmp_path / "friends", auths={running.host: {"auth": BASIC}})
        stale = docker(tmp_path / "stale", auths={f"http://{running.host}/v1/": {"auth": wrong}})
        friend, stranger = verdict_on(name, friends), verdict_on(name, stale)
        nobody = verdict_on(name, tmp_path)

    assert State.HEALTHY == friend.state
    assert ["image-registry-refuses"] == codes(nobody) == codes(stranger)
    assert "no credentials are known" in nobody.findings[0].seen[0]
    assert f"{stale / 'config.json'} were given" in stranger.findings[0].seen[0]
    assert "mistaken" not in repr(stranger)
    assert any("strangers" in line for line in nobody.limits)


def test_a_program_that_keeps_the_credentials(tmp_path: Path) -> None:
    """`credHelpers` names it for one registry; what it answers goes to that registry alone."""
    helper = tmp_path / "docker-credential-tests"
    answer = json.dumps({"Username": USER, "Secret": PASSWORD})
    helper.write_text(f"#!/bin/sh\nread host; echo $host >{tmp_path}/asked; echo '{answer}'\n")
    helper.chmod(0o755)
    with closed_registry(tmp_path) as running:
        running.both("secret")
        docker(tmp_path / "helped", credHelpers={running.host: "tests"})
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = command(f"{running.host}/secret:1", tmp_path / "helped", PATH=path)

    assert (0, "ok") == (done.returncode, done.stdout.partition(":")[0])
    assert f"{running.host}\n" == (tmp_path / "asked").read_text()


def test_a_program_that_is_not_there_leaves_a_doubt(tmp_path: Path) -> None:
    """That is our own trouble, not the registry's, so no fault is named."""
    with closed_registry(tmp_path) as running:
        folder = docker(tmp_path / "helped", credsStore="nowhere-to-be-found")
        verdict = verdict_on(f"{running.host}/secret:1", folder)

    assert State.UNKNOWN == verdict.state
    assert "docker-credential-nowhere-to-be-found cannot be run" in verdict.sentence


@pytest.mark.parametrize("kind", ["auth", "identitytoken"])
def test_a_token_of_another_server(tmp_path: Path, kind: str) -> None:
    """The registry says who hands out tokens; that server gets the proof, the registry a token."""
    refresh = "refresh-me"
    with token_server(tmp_path, f"Basic {BASIC}", refresh) as server:
        rules = {"realm": server.realm, "service": SERVICE, "issuer": ISSUER}
        trusted = str(tmp_path / "certificate.pem")
        with registry(tmp_path, auth={"token": {**rules, "rootcertbundle": trusted}}) as running:
            scope = "repository:secret:pull,push"
            pusher = token(scope, tmp_path / "certificate.pem", tmp_path / "key.pem")
            Registry(running.host, {"Authorization": f"Bearer {pusher}"}).both("secret")
            told = {"auth": BASIC, "identitytoken": refresh}[kind]
            known = docker(tmp_path / "known", auths={running.host: {kind: told}})
            friend = verdict_on(f"{running.host}/secret:1", known)
            nobody = verdict_on(f"{running.host}/secret:1", tmp_path)

    proof = {"auth": f"Basic {BASIC}", "identitytoken": refresh}[kind]
    assert State.HEALTHY == friend.state
    assert (proof, "repository:secret:pull") == server.asked[0]
    # Once for the manifest and for all that follows, and once for nobody.
    assert 2 == len(server.asked)
    assert ["image-registry-refuses"] == codes(nobody)


def test_a_certificate_that_nobody_signed(tmp_path: Path) -> None:
    """Named as such; trusted by SSL_CERT_FILE it is a registry like others."""
    path, key = certificate(tmp_path)
    with registry(tmp_path, tls={"certificate": str(path), "key": str(key)}) as running:
        running.both("secured")
        name = f"{running.host}/secured:1"
        doubted = verdict_on(name, tmp_path)
        in_the_open = verdict_on(name, tmp_path, plain=True)
        trusted = command(name, tmp_path, SSL_CERT_FILE=str(path))

    assert ["image-registry-unreachable"] == codes(doubted) == codes(in_the_open)
    assert "TLS is not trusted here" in doubted.sentence
    assert "certificate verify failed: self-signed certificate" in doubted.findings[0].seen[0]
    assert "HTTP 400" in in_the_open.findings[0].seen[0]
    assert (0, "ok") == (trusted.returncode, trusted.stdout.partition(":")[0])


def command(name: str, folder: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the command itself, in an environment of its own."""
    return subprocess.run(
        (
            *(sys.executable, "-m", "meshdoctor", "image", name, "-o", "short"),
            *("--platform", "linux/amd64,linux/arm64"),
        ),
        env={**os.environ, "DOCKER_CONFIG": str(folder), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
