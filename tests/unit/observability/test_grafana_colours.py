"""Who sees red and green alike, or no colour at all, reads the dashboards as well.

The simulation is that of Machado, Oliveira and Fernandes ("A Physiologically-based Model for
Simulation of Color Vision Deficiency", 2009), full severity, applied to linear RGB. Contrast and
luminance are WCAG 2.2's; distances are CIE76 in L*a*b* under D65.
"""

import math
from itertools import combinations, pairwise

import pytest

from meshdoctor.faults import CAUSES
from observability.grafana_colours import PALETTE, STATES, WORDS, look, looks

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

PAGES = {"dark": "#181b1f", "light": "#ffffff"}
VISION: dict[str, Matrix] = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
XYZ: Matrix = (
    (0.4124, 0.3576, 0.1805),
    (0.2126, 0.7152, 0.0722),
    (0.0193, 0.1192, 0.9505),
)
WHITE: Triple = (0.9505, 1.0, 1.089)
JUST_NOTICEABLE = 2.3
CLEARLY = 6 * JUST_NOTICEABLE
READABLE = 2.0


def linear(colour: str) -> Triple:
    """Return the light of `#rrggbb` in linear RGB."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return red, green, blue


def times(matrix: Matrix, vector: Triple) -> Triple:
    """Multiply."""
    one, two, three = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return one, two, three


def seen(colour: str, vision: str) -> Triple:
    """Return where a colour is in L*a*b* for somebody with that vision."""
    light = times(VISION[vision], linear(colour))
    inside = times(XYZ, tuple(min(1.0, max(0.0, part)) for part in light))  # type: ignore[arg-type]  # three again
    x, y, z = (cube(part / white) for part, white in zip(inside, WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def cube(part: float) -> float:
    """L*a*b*'s own root."""
    return math.cbrt(part) if part > 0.008856 else 7.787 * part + 16 / 116


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio, from 1 to 21."""
    dark, light = sorted(times(XYZ, linear(each))[1] for each in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("vision", VISION)
def test_the_colours_differ_for_every_eye(vision: str) -> None:
    """Any two of the palette are several noticeable steps apart."""
    distances = {
        (one, other): math.dist(seen(one, vision), seen(other, vision))
        for one, other in combinations(PALETTE, 2)
    }

    assert {} == {pair: steps for pair, steps in distances.items() if steps < CLEARLY}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_the_colours_stand_out_on_the_page(page: str) -> None:
    """On Grafana's dark and on its light theme, where a line is two pixels wide."""
    faint = {colour: contrast(colour, page) for colour in PALETTE}

    assert {} == {colour: ratio for colour, ratio in faint.items() if ratio < READABLE}


def test_the_measure_can_tell_good_from_bad() -> None:
    """Grafana's usual green and red are one colour for a protanope: the test above would see it."""
    green, red = "#73BF69", "#F2495C"

    assert CLEARLY > math.dist(seen("#767676", "usual"), seen("#787878", "usual"))
    assert math.dist(seen(green, "protanopia"), seen(red, "protanopia")) < 0.5 * math.dist(
        seen(green, "usual"), seen(red, "usual")
    )
    assert 21.0 == pytest.approx(contrast("#000000", "#ffffff"))


def test_good_warn_and_bad_are_of_the_palette() -> None:
    """Three states, three colours."""
    assert {"good", "warn", "bad"} == STATES.keys()
    assert 3 == len(set(STATES.values()) & set(PALETTE))


def test_neighbours_differ_without_any_colour() -> None:
    """From one line to the next the kind of line changes too."""
    fills = [look(place).fill for place in range(18)]

    assert all(one != other for one, other in pairwise(fills))
    assert 18 == len({look(place) for place in range(18)})


def test_every_cause_has_a_look_of_its_own() -> None:
    """A cause is the same line on every panel, and no other cause is."""
    drawn = dict(looks("cause"))

    assert {"none", *CAUSES} == drawn.keys()
    assert len(drawn) == len(set(drawn.values()))
    assert drawn == dict(looks("error_type"))


@pytest.mark.parametrize("label", WORDS)
def test_the_first_words_of_a_label_differ_in_colour(label: str) -> None:
    """Those that are on most panels need no second look."""
    first = [drawn.colour for _word, drawn in looks(label)][: len(PALETTE)]

    assert len(set(first)) == len(first)
    assert [] == list(looks("instance"))
