"""SVG as a tree: whatever text goes in, what comes out is well-formed XML."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from meshdoctor.lab.report.numbers import clean

Element = ET.Element
_NAMESPACE = "http://www.w3.org/2000/svg"


def element(
    tag: str, *children: Element, text: str = "", css: str = "", **attributes: float | str
) -> Element:
    """Return one SVG element.

    Args:
        tag: its name.
        children: its elements, in the order they are drawn.
        text: its text; any string is safe, markup in it is escaped.
        css: its class.
        attributes: the rest; an underscore in a name becomes a hyphen.

    Returns:
        The element. Drawing has no side effect; `document` turns the tree into text.
    """
    node = ET.Element(tag, {"class": css} if css else {})
    for name, value in attributes.items():
        # Never cut: the path of a long curve is a long text.
        text_of = clean(value, len(value)) if isinstance(value, str) else f"{value:g}"
        node.set(name.replace("_", "-"), text_of)
    if text:
        node.text = clean(text)
    node.extend(children)
    return node


def document(width: float, height: float, says: str, children: Iterable[Element]) -> str:
    """Return a whole SVG image as text.

    Args:
        width: of the drawing, in the unit of its coordinates (CSS pixels at full size).
        height: likewise.
        says: what the image shows, for who cannot see it (`aria-label`).
        children: what is drawn.

    Returns:
        One `<svg>` element that scales with its container; also a file of its own.
    """
    root = ET.Element(
        "svg",
        {
            "xmlns": _NAMESPACE,
            "viewBox": f"0 0 {width:g} {height:g}",
            "role": "img",
            "aria-label": clean(says),
        },
    )
    root.extend(children)
    return written(root)


def path(places: Iterable[tuple[float, float] | None]) -> str:
    """Return the `d` of a line through `places`; None lifts the pen, a lone place is a dot."""
    parts: list[str] = []
    down = False
    for place in places:
        if place is None:
            down = False
            continue
        x, y = place
        # "h0" makes a stroke of no length, which a round line cap draws as a dot.
        parts.append(f"L{x:g} {y:g}" if down else f"M{x:g} {y:g}h0")
        down = True
    return "".join(parts)


def sheet(height: float, says: str, children: Iterable[Element], css: str = "") -> str:
    """Return an SVG image as wide as its container, whose letters keep their size.

    Places along it are percentages (`x="12.5%"`), places down it CSS pixels.

    Args:
        height: in CSS pixels.
        says: what the image shows, for who cannot see it (`aria-label`).
        children: what is drawn.
        css: its class.

    Returns:
        One `<svg>` element for an HTML page.
    """
    root = element("svg", *children, css=css, width="100%", height=height, role="img")
    root.set("aria-label", clean(says))
    return written(root)


def written(root: Element) -> str:
    """Return an element and what is in it as text."""
    return ET.tostring(root, encoding="unicode")
