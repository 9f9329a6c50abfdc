"""Whether the lab may make its namespaces, and what it says where it may not."""

import pytest

from meshdoctor.lab.net.permission import privileged, reason


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kernel.unprivileged_userns_clone": "0"}, "kernel.unprivileged_userns_clone=1"),
        ({"user.max_user_namespaces": "0"}, "user.max_user_namespaces=15000"),
        (
            {"kernel.apparmor_restrict_unprivileged_userns": "1"},
            "kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ],
)
def test_the_setting_that_forbids_is_named_with_its_cure(
    settings: dict[str, str], said: str
) -> None:
    """One line: what is wrong, the command for root, and the other way out."""
    others = {"user.max_user_namespaces": "1000", "kernel.unprivileged_userns_clone": "1"}
    line = reason({**others, **settings}, "unshare: unshare failed: Operation not permitted")
    assert line.endswith(f"as root run `sysctl -w {said}`, or run the lab as root")
    assert 1 == len(line.splitlines())


@pytest.mark.parametrize("text", ["", "unshare: mount /proc failed: Permission denied\n"])
def test_where_no_setting_explains_it_the_tools_own_words_do(text: str) -> None:
    """A seccomp filter of a container has no sysctl."""
    line = reason({"user.max_user_namespaces": "1000"}, text)
    assert (text.strip() or "unshare failed without a word") in line
    assert line.endswith("run it as root, outside of a container")


@pytest.mark.parametrize(
    ("held", "may"),
    [("000001ffffffffff", True), ("0000000000201000", True), ("00000000a80425fb", False)],
)
def test_capabilities_count_and_not_the_users_number(held: str, may: bool) -> None:  # noqa: FBT001
    """Root of a container usually lacks what it takes; the last is Docker's default."""
    assert may == privileged(f"Name:\tsh\nCapPrm:\t{held}\nCapEff:\t{held}\n")
