"""The lab's commands."""

import pytest

from meshdoctor.lab.cli import main


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("demo --seconds 0", "argument --seconds: '0' is no whole number from 1 to 86400"),
        ("demo --users many", "argument --users: 'many' is no whole number from 1 to 20000"),
        ("demo --shape square", "argument --shape: invalid choice: 'square'"),
        ("dance", "argument command: invalid choice: 'dance'"),
        ("", "the following arguments are required: command"),
    ],
)
def test_bad_options_are_told_with_exit_code_2(
    capsys: pytest.CaptureFixture[str], options: str, complaint: str
) -> None:
    """A mistyped option starts nothing."""
    with pytest.raises(SystemExit) as caught:
        main(options.split())

    assert 2 == caught.value.code
    assert complaint in capsys.readouterr().err
