"""What the tests of drawings look for in them."""

from xml.etree import ElementTree as ET

PLACES = ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "d", "viewBox")


def parsed(drawn: str) -> ET.Element:
    """Parse a drawing, and insist that every place in it is a number."""
    plain = drawn.replace('xmlns="http://www.w3.org/2000/svg"', "")
    root = ET.fromstring(plain.encode())  # noqa: S314 - our own drawing
    for node in root.iter():
        places = " ".join(node.get(name, "") for name in PLACES)
        assert "nan" not in places
        assert "inf" not in places
        assert "…" not in places
    return root


def texts(root: ET.Element, *css: str) -> list[str]:
    """The texts whose classes hold all of `css`, in order."""
    return [
        "".join(node.itertext())
        for node in root.iter("text")
        if set(css) <= set(node.get("class", "").split())
    ]


def classes(root: ET.Element, tag: str, css: str) -> list[str]:
    """The whole classes of elements that have the class `css`."""
    found = [node.get("class", "") for node in root.iter(tag)]
    return [each for each in found if css in each.split()]


def tips(root: ET.Element) -> list[list[str]]:
    """What is told when a moment is pointed at: the lines of each moment."""
    return [
        [span.text or "" for span in node.iter("tspan")]
        for node in root.iter("g")
        if node.get("class") == "tip"
    ]
