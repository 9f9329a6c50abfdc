"""The list of images in a kustomization: read it, and change names and digests in place.

Comments, order and everything else stay as they are, byte for byte: the file is read by people.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import yaml

_KEYS: Final = ("name", "newName", "newTag", "digest")


class ImageListError(Exception):
    """The file is no list of images that can be changed; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image of the list.

    Attributes:
        name: what manifests call it.
        new_name: its repository.
        tag: its tag.
        digest: what the tag led to when somebody looked; "" before.
    """

    name: str
    new_name: str
    tag: str
    digest: str = ""

    @property
    def tagged(self) -> str:
        """Its name with the tag, without the digest."""
        return f"{self.new_name}:{self.tag}"


def read(text: str) -> tuple[Image, ...]:
    """Read the list.

    Args:
        text: a kustomization.

    Raises:
        ImageListError: it has no list that this module can change.
    """
    return tuple(
        Image(*(values[key].value if key in values else "" for key in _KEYS))
        for _column, values in _entries(text)
    )


def write(text: str, images: Iterable[Image]) -> str:
    """Return the text with other names and digests.

    Args:
        text: a kustomization.
        images: as the list shall be; found by name, tags stay.

    Raises:
        ImageListError: it has no list that this module can change.
    """
    wanted = {image.name: image for image in images}
    edits = [
        edit
        for column, values in _entries(text)
        for edit in _edits(text, column, values, wanted[values["name"].value])
    ]
    for start, end, new in sorted(edits, reverse=True):
        text = f"{text[:start]}{new}{text[end:]}"
    return text


Values = dict[str, yaml.ScalarNode]


def _entries(text: str) -> Iterator[tuple[int, Values]]:
    """Give each entry with the column of its keys."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ImageListError(f"it is no YAML: {error}") from error
    for node in _items(root):
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            raise ImageListError(f"line {node.start_mark.line + 1}: expected `- name: ...`")
        values = {key.value: value for key, value in node.value}
        if not {"name", "newName", "newTag"} <= values.keys() <= set(_KEYS):
            found = ", ".join(values)
            raise ImageListError(
                f"line {node.start_mark.line + 1}: expected name, newName, newTag, perhaps digest,"
                f" found {found}"
            )
        yield node.start_mark.column, values


def _items(root: yaml.Node | None) -> list[yaml.Node]:
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "images" and isinstance(value, yaml.SequenceNode):
                return list(value.value)
    raise ImageListError("it has no list `images`")


def _edits(text: str, column: int, values: Values, image: Image) -> Iterator[tuple[int, int, str]]:
    name, digest = values["newName"], values.get("digest")
    if name.value != image.new_name:
        yield name.start_mark.index, name.end_mark.index, image.new_name
    if digest is None and image.digest:
        tag = values["newTag"]
        end = _line_end(text, tag.end_mark.index)
        yield end, end, f"\n{' ' * column}digest: {image.digest}"
    elif digest is not None and not image.digest:
        start = text.rindex("\n", 0, digest.start_mark.index)
        yield start, _line_end(text, digest.end_mark.index), ""
    elif digest is not None and digest.value != image.digest:
        yield digest.start_mark.index, digest.end_mark.index, image.digest


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    return end if end >= 0 else len(text)
