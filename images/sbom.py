"""Write the bill of materials of an image as CycloneDX 1.6, from what its root says it holds.

`python images/sbom.py ROOT NAME VERSION FILE`, where ROOT is the image unpacked or mounted, or as
much of it as names its packages: Debian's status and each Python package's METADATA.
"""

import sys
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path
from typing import Final

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

DEBIAN: Final = ("var/lib/dpkg/status.d/*", "var/lib/dpkg/status")
PYTHON: Final = "app/packages/*.dist-info/METADATA"
_PARSER: Final = BytesParser()


def debian(root: Path) -> Iterator[Component]:
    """Yield Debian's packages: a file for each, as distroless has them, or all in one."""
    for pattern in DEBIAN:
        for path in sorted(root.glob(pattern)):
            for paragraph in path.read_bytes().strip().split(b"\n\n"):
                told = _PARSER.parsebytes(paragraph)
                if "Package" in told:  # a file of checksums has none
                    yield _library(
                        PackageURL(
                            "deb",
                            "debian",
                            told["Package"],
                            told["Version"],
                            {"arch": told["Architecture"]},
                        )
                    )


def python(root: Path) -> Iterator[Component]:
    """Yield the packages of the lock, as they were installed."""
    for path in sorted(root.glob(PYTHON)):
        told = _PARSER.parsebytes(path.read_bytes(), headersonly=True)
        yield _library(PackageURL("pypi", None, told["Name"], told["Version"]))


def bill(root: Path, name: str, version: str) -> Bom:
    """Return the bill of an image.

    Args:
        root: its files.
        name: the image's.
        version: the image's.

    Raises:
        ValueError: nothing in the root says what it holds.
    """
    made = Bom(components=[*debian(root), *python(root)])
    if not made.components:
        raise ValueError(f"{root} names no package: give the root of an image")
    made.metadata.component = Component(
        name=name, version=version, type=ComponentType.CONTAINER, bom_ref=name
    )
    made.register_dependency(made.metadata.component, made.components)
    return made


def _library(url: PackageURL) -> Component:
    return Component(
        name=url.name,
        version=url.version,
        type=ComponentType.LIBRARY,
        purl=url,
        bom_ref=url.to_string(),
    )


def main() -> int:
    """Write the file; return 0, or 1 and say why there is nothing to write."""
    root, name, version, file = sys.argv[1:]
    try:
        made = bill(Path(root), name, version)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    JsonV1Dot6(made).output_to_file(file, allow_overwrite=True, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
