"""The files of an image are those that its layers leave (OCI image specification, `layer.md`)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.probes.registry.tree import (
    Change,
    File,
    Folder,
    Link,
    NotFoundError,
    Tree,
    candidates,
)


def tree(*layers: dict[str, File | Folder | Link | str]) -> Tree:
    """Lay layers on one another; a text is a hard link to that name."""
    made = Tree()
    for layer in layers:
        made.apply(
            [
                Change(path, same_as=node) if isinstance(node, str) else Change(path, node)
                for path, node in layer.items()
            ]
        )
    return made


A, B = File(b"a"), File(b"b")
GONE = File(b"")


def test_a_higher_layer_hides_a_lower_one() -> None:
    """Of one name the last counts, and a folder that comes again keeps what is in it."""
    made = tree({"x/f": A, "x/g": A}, {"x": Folder(), "./x/f": B})

    assert ("/x/f", B) == made.find("/x/f")
    assert ("/x/g", A) == made.find("x/g")


def test_whiteouts_take_away_what_lower_layers_put() -> None:
    """Wherever they stand in their layer, and never what their own layer puts."""
    made = tree(
        {"x/f": A, "x/g": A, "y/f": A, "y/g": A},
        {"x/f": B, "x/.wh.f": GONE, "x/.wh.g": GONE, "y/h": B, "y/.wh..wh..opq": GONE},
    )

    assert ("/x/f", B) == made.find("/x/f")
    assert ("/y/h", B) == made.find("/y/h")
    for path in ("/x/g", "/y/f", "/y/g", "/x/.wh.g"):
        with pytest.raises(NotFoundError):
            made.find(path)


def test_links_are_followed_within_the_root() -> None:
    """Absolute and relative ones, of folders too, and `..` ends at the root."""
    made = tree(
        {
            "usr/bin/python3.11": A,
            "usr/bin/python3": Link("python3.11"),
            "bin": Link("usr/bin"),
            "opt/run": Link("/bin/python3"),
            "opt/out": Link("../../../../usr/bin/python3"),
        },
        {"bin/tool": B},
    )

    for path in ("/bin/python3", "/opt/run", "/opt/out", "/opt/../bin/./python3"):
        assert ("/usr/bin/python3.11", A) == made.find(path)
    assert ("/usr/bin/tool", B) == made.find("/bin/tool")


def test_a_hard_link_is_the_same_file() -> None:
    """Also when its other name is gone later; one to nothing is nothing."""
    made = tree({"f": A, "g": "f", "h": "nowhere"}, {".wh.f": GONE})

    assert ("/g", A) == made.find("/g")
    with pytest.raises(NotFoundError):
        made.find("/h")


def test_links_that_lead_nowhere_end() -> None:
    """Round in a circle, into a file, to a folder."""
    made = tree({"a": Link("b"), "b": Link("a"), "f": A, "g": Link("f/x"), "d/e": A})

    for path in ("/a", "/g", "/f/x", "/d", "/", "/none"):
        with pytest.raises(NotFoundError):
            made.find(path)


NAMES = st.sampled_from(["a", "b", ".wh.a", ".wh.b", ".wh..wh..opq", "..", ".", ""])
PATHS = st.lists(NAMES, max_size=4).map("/".join)
NODES = st.one_of(
    st.just(A), st.builds(Folder), st.builds(Link, PATHS), st.builds(Link, PATHS.map("/{}".format))
)
CHANGES = st.one_of(
    st.builds(Change, PATHS, NODES),
    st.builds(lambda path, to: Change(path, same_as=to), PATHS, PATHS),
)


@given(st.lists(st.lists(CHANGES, max_size=8), max_size=4), PATHS)
def test_any_layers_are_survived(layers: list[list[Change]], path: str) -> None:
    """A file is found or it is not: strangers make images."""
    made = Tree()
    for layer in layers:
        made.apply(layer)
    try:
        assert "/" == made.find(path)[0][0]
    except NotFoundError as error:
        assert str(error)  # noqa: PT017 - either may be


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("python3", ["/a/python3", "/b/python3"]),
        ("/x/run", ["/x/run"]),
        ("./run", ["/app/./run"]),
        ("bin/run", ["/app/bin/run"]),
    ],
)
def test_a_program_is_looked_for_as_execvp_does(program: str, expected: list[str]) -> None:
    """Along PATH when its name has no slash, else from where the process starts."""
    assert expected == list(candidates(program, "/a::/b", "/app"))
