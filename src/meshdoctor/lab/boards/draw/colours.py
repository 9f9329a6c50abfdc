"""From the colours of a dashboard to those of the style sheet, which knows light and dark.

Series without a colour of their own take Okabe and Ito's palette in order ("Color Universal
Design", 2008), which readers with any kind of colour blindness can tell apart.
"""

from typing import Final

PALETTE: Final = ("blue", "orange", "green", "purple", "sky", "red", "yellow", "quiet")
"""Names of colours in the style sheet, in the order in which series take them."""

_OKABE_ITO: Final = {
    "#0072b2": "blue",
    "#56b4e9": "sky",
    "#009e73": "green",
    "#e69f00": "orange",
    "#d55e00": "red",
    "#cc79a7": "purple",
    "#f0e442": "yellow",
}
_SIGNS: Final = {"green": "✓", "orange": "!", "yellow": "!", "red": "✕"}


def named(colour: object) -> str:
    """Return the style sheet's name of one of Grafana's colours.

    Args:
        colour: a hexadecimal colour of the palette, or a name such as `semi-dark-green`.

    Returns:
        The name; `quiet` for what is none of ours.
    """
    text = str(colour or "").lower()
    known = _OKABE_ITO.get(text) or text.rpartition("-")[2]
    return known if known in PALETTE else "quiet"


def sign(colour: str) -> str:
    """Return the sign that says the same as a threshold's colour, for who cannot see it."""
    return _SIGNS.get(colour, "")
