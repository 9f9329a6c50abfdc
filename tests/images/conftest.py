"""The images, built once for all tests from the Dockerfiles as they are."""

import json
import sys
from collections.abc import Iterator

import pytest

from tests.support.image_workshop import DOCKERFILES, OUT, TAG, Built, Workshop
from tests.support.image_workshop import workshop as open_workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Open a workshop; nothing is left of it when the tests are over."""
    with open_workshop(tmp_path_factory.mktemp("workshop")) as made:
        yield made


@pytest.fixture(scope="session")
def built(workshop: Workshop, pytestconfig: pytest.Config) -> Built:
    """Build and push all images; print and write the seconds and the megabytes."""
    seconds = {"bases": workshop.make_bases()}
    seconds |= {name: workshop.build_ours(name) for name in DOCKERFILES}
    found = {name: workshop.registry.platforms(name, TAG) for name in DOCKERFILES}
    told = {
        name: {
            "seconds": round(seconds[name], 1),
            **{
                one.named: {
                    "unpacked_mb": round(one.unpacked / 1e6, 1),
                    "compressed_mb": round(one.stored / 1e6, 1),
                }
                for one in platforms
            },
        }
        for name, platforms in found.items()
    }
    told["bases"] = {"seconds": round(seconds["bases"], 1)}
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "images.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture
    with capture.global_and_fixture_disabled():
        sys.stdout.writelines(f"\n{name}: {json.dumps(one)}" for name, one in told.items())
    return found
