"""Names of images are read as Docker reads them (github.com/distribution/reference)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.probes.registry.reference import ImageNameError, Reference, is_digest, parse

# The grammar of that library's reference.go, written down once more, as strategies.
ALNUM = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
SEPARATOR = st.sampled_from([".", "_", "__", "-", "--"])
COMPONENT = st.builds(
    lambda first, rest: first + "".join(f"{sep}{word}" for sep, word in rest),
    ALNUM,
    st.lists(st.tuples(SEPARATOR, ALNUM), max_size=2),
)
LABEL = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,6}[a-zA-Z0-9])?", fullmatch=True)
PORT = st.one_of(st.just(""), st.from_regex(r":[0-9]{1,5}", fullmatch=True))
DOMAIN = st.one_of(
    st.builds(lambda labels, port: ".".join(labels) + port, st.lists(LABEL, min_size=2), PORT),
    st.builds(lambda label, port: f"{label}:{port}", LABEL, st.integers(0, 65535)),
    st.just("localhost"),
    st.builds(lambda port: f"[::1]{port}", PORT),
)
TAG = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}", fullmatch=True)
DIGEST = st.from_regex(r"sha256:[a-f0-9]{64}", fullmatch=True)
PATH = st.lists(COMPONENT, min_size=1, max_size=4).map("/".join)
HUB_NAMES = {"docker.io", "index.docker.io"}


@given(DOMAIN, PATH, TAG, st.one_of(st.none(), DIGEST))
def test_what_the_grammar_makes_is_read(
    domain: str, path: str, tag: str, digest: str | None
) -> None:
    """Each part comes back as it was, and what is written in full is read the same again."""
    found = parse(f"{domain}/{path}:{tag}" + (f"@{digest}" if digest else ""))

    if domain not in HUB_NAMES:
        assert Reference(domain, path, tag, digest or "") == found
    assert (digest or tag) == found.wanted
    assert found == parse(str(found))


def has_no_registry(path: str) -> bool:
    """Say whether the first part of a path cannot be taken for a host."""
    first, slash, _rest = path.partition("/")
    return not slash or not ("." in first or first == "localhost")


@given(PATH.filter(has_no_registry), TAG)
def test_a_name_without_a_registry_is_docker_hubs(path: str, tag: str) -> None:
    """Its API has another host than its name, and single words are in `library`."""
    found = parse(f"{path}:{tag}")

    assert ("docker.io", "registry-1.docker.io") == (found.host, found.api)
    assert (path if "/" in path else f"library/{path}") == found.path


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    """Nothing else comes out of it, and what is read holds nothing that an address may not."""
    try:
        found = parse(text)
    except ImageNameError as error:
        assert repr(text) in str(error)  # noqa: PT017 - any text may be refused, none must be
    else:
        assert re.fullmatch(r"[a-z0-9._/-]+", found.path)
        assert re.fullmatch(r"[a-zA-Z0-9.:\[\]-]+", found.host)
        assert re.fullmatch(r"[\w.-]*", found.tag, re.ASCII)
        assert found.digest == "" or is_digest(found.digest)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/team/app", "docker.io/team/app:latest"),
        ("team/app", "docker.io/team/app:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("127.0.0.1:5000/app", "127.0.0.1:5000/app:latest"),
        ("Registry/app", "Registry/app:latest"),
        (f"quay.io/a/b:v1@sha256:{'a' * 64}", f"quay.io/a/b:v1@sha256:{'a' * 64}"),
        (f"quay.io/a/b@sha256:{'a' * 64}", f"quay.io/a/b@sha256:{'a' * 64}"),
    ],
)
def test_known_spellings(text: str, whole: str) -> None:
    """The examples that everybody meets."""
    assert whole == str(parse(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no name of a repository"),
        ("quay.io/Team/app", "lower case"),
        ("quay.io/team/app:", "no tag"),
        (f"quay.io/team/app:{'a' * 129}", "no tag"),
        ("quay.io/team/app@sha256:short", "no digest"),
        ("quay.io/team/app@", "no digest"),
        ("https://quay.io/team/app", "no name of a registry"),
        ("quay.io/team//app", "no name of a repository"),
        ("-quay.io/app", "no name of a registry"),
        ("a" * 256, "over 255"),
        ("ab" * 32, "id of an image"),
        ("quay.io/../etc", "no name of a repository"),
        ("quay.io/a b", "no name of a repository"),
        ("quay.io/app\n", "no name of a repository"),
    ],
)
def test_what_is_no_name_says_why(text: str, reason: str) -> None:
    """One sentence with the text and the part that is wrong."""
    with pytest.raises(ImageNameError, match=reason):
        parse(text)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost:5000", True),
        ("127.0.0.5", True),
        ("[::1]:5000", True),
        ("quay.io", False),
        ("10.0.0.1:5000", False),
        ("localhost.example", False),
    ],
)
def test_only_loopback_is_this_machine(host: str, *, local: bool) -> None:
    """Plain HTTP is tried there alone without being told."""
    assert local == Reference(host, "a", "1").is_local
