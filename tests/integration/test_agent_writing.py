"""What an agent saw reaches the API: at once when it is news, now and then when it is not."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from meshdoctor.agent.api import Api
from meshdoctor.agent.rights import rights
from meshdoctor.agent.writing import Writing
from meshdoctor.lab.kubeapi import KubeApi, kube_api
from meshdoctor.lab.kubeapi.resources import built_in
from meshdoctor.probes.mesh.collecting import collect
from meshdoctor.probes.mesh.evidence import Answer, Ask, Edge, Ground, Report, Role, Sighting
from meshdoctor.probes.mesh.files import KEY, LABELS, NAMESPACE, config_map
from meshdoctor.probes.mesh.reading import load
from tests.support.api_door import Door, door_to

pytestmark = pytest.mark.integration

EDGE = Edge(Role.NODE, Ground.NODE_TO_NODE, Ask.TCP, "w2", "w2", "10.0.0.12:10250")


@pytest.fixture
def cluster() -> Iterator[KubeApi]:
    """An API with the agents' namespace."""
    with kube_api(NAMESPACE) as api:
        yield api


@pytest.fixture
def door(cluster: KubeApi, tmp_path: Path) -> Iterator[Door]:
    """A door that lets through what the agent's Role does, and no more."""
    with door_to(cluster.url, tmp_path) as found:
        found.manners.rights = rights()
        yield found


def report(number: int = 1, answer: Answer = Answer.OK, ago: float = 0.0) -> Report:
    """Give the report of a round, with an answer that is so since some seconds ago."""
    now = time.time()
    seen = Sighting(EDGE, answer, 0.001 * number, since=now - ago)
    return Report("w1", now, interval=0.1, round=number, sightings=(seen,))


def stored(cluster: KubeApi) -> dict[str, Any] | None:
    """Give the ConfigMap of the node."""
    return cluster.store.get(built_in("ConfigMap"), NAMESPACE, config_map("w1"))


def told(cluster: KubeApi) -> Report | None:
    """Give the report in it."""
    found = stored(cluster)
    return load(found["data"][KEY], "it") if found else None


def lived(writing: Writing, life: Callable[[], Awaitable[None]]) -> None:
    """Let a sink run as long as something lasts."""

    async def both() -> None:
        task = asyncio.create_task(writing.run())
        try:
            await life()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    asyncio.run(both())


async def until(claim: Callable[[], bool], seconds: float = 10.0) -> float:
    """Wait for something to be so; give the seconds that took."""
    begun = time.monotonic()
    while not claim():
        assert time.monotonic() - begun < seconds, "it did not come"
        await asyncio.sleep(0.01)
    return time.monotonic() - begun


def writing(door: Door, folder: Path, heartbeat: float = 60.0) -> Writing:
    """Make a sink."""
    return Writing(Api(door.address, folder / "account"), "w1", NAMESPACE, heartbeat)


def test_the_first_report_makes_the_object(door: Door, cluster: KubeApi, tmp_path: Path) -> None:
    """With the labels by which the doctor finds it; nothing but to create and to patch is asked."""
    sink, first = writing(door, tmp_path), report()

    async def life() -> None:
        sink.take(first)
        await until(lambda: told(cluster) is not None)

    lived(sink, life)

    found = stored(cluster)
    assert first == told(cluster)
    assert found is not None
    assert LABELS == found["metadata"]["labels"]
    assert () == tuple(sink.gaps())
    assert door.asked <= {one for one in rights() if one.resource == "configmaps"}


def test_news_is_written_at_once_and_no_news_is_not(
    door: Door, cluster: KubeApi, tmp_path: Path
) -> None:
    """Rounds come and go; times and numbers of rounds alone are no news."""
    sink = writing(door, tmp_path)

    async def life() -> None:
        for number in range(1, 6):
            sink.take(report(number))
            await asyncio.sleep(0.1)
        await until(lambda: told(cluster) is not None)
        assert 1 == len(door.paths)
        bad = report(6, Answer.SILENT)
        sink.take(bad)
        await until(lambda: told(cluster) == bad, seconds=5)
        good = report(7)
        sink.take(good)
        await until(lambda: told(cluster) == good, seconds=5)

    lived(sink, life)
    assert 3 == len(door.paths)


def test_while_something_has_just_gone_wrong_each_round_is_written(
    door: Door, cluster: KubeApi, tmp_path: Path
) -> None:
    """The doctor compares moments, so what still works has to be known of after a failure."""
    sink = writing(door, tmp_path)

    def is_told(report: Report) -> bool:
        return told(cluster) == report

    async def life() -> None:
        for number in range(1, 4):
            bad = report(number, Answer.SILENT)
            sink.take(bad)
            await until(partial(is_told, bad))

    lived(sink, life)
    assert 3 == len(door.paths)


def test_what_is_wrong_for_good_is_no_news(door: Door, tmp_path: Path) -> None:
    """A firewall may keep a port shut for ever, on a hundred nodes."""
    sink = writing(door, tmp_path)

    async def life() -> None:
        for number in range(1, 6):
            sink.take(report(number, Answer.SILENT, ago=125.0))
            await asyncio.sleep(0.1)
        await until(lambda: len(door.paths) > 0)

    lived(sink, life)
    assert 1 == len(door.paths)


def test_its_heart_beats(door: Door, cluster: KubeApi, tmp_path: Path) -> None:
    """A report that says nothing new is written all the same now and then: silence is a sign."""
    sink = writing(door, tmp_path, heartbeat=0.5)
    begun = time.monotonic()

    async def life() -> None:
        for number in range(1, 16):
            sink.take(report(number))
            await asyncio.sleep(0.1)

    lived(sink, life)
    assert 3 <= len(door.paths) <= 1 + (time.monotonic() - begun) / 0.45
    last = told(cluster)
    assert last is not None
    assert last.round > 5


def test_a_round_never_waits_for_a_silent_api(door: Door, cluster: KubeApi, tmp_path: Path) -> None:
    """Taking costs nothing; when the API speaks again it gets the newest report alone."""
    sink = writing(door, tmp_path)
    door.manners.silent = True

    async def life() -> None:
        longest = 0.0
        for number in range(1, 30):
            begun = time.monotonic()
            sink.take(report(number))
            longest = max(longest, time.monotonic() - begun)
            await asyncio.sleep(0.1)
        assert longest < 1.0  # the API's silence is two seconds long
        await until(lambda: "no answer in time" in "".join(sink.gaps()))
        door.manners.silent = False
        newest = report(30)
        sink.take(newest)
        await until(lambda: told(cluster) == newest)

    try:
        lived(sink, life)
    finally:
        door.manners.silent = False
    assert () == tuple(sink.gaps())


def test_a_refused_report_is_told_and_tried_again_ever_later(
    door: Door, cluster: KubeApi, tmp_path: Path
) -> None:
    """A Role that was forgotten must not make the API work; once it is there, all is well."""
    sink = writing(door, tmp_path)
    door.manners.rights = frozenset()

    async def life() -> None:
        for number in range(1, 40):
            sink.take(report(number))
            await asyncio.sleep(0.1)
        assert 2 <= len(door.paths) <= 5
        (gap,) = sink.gaps()
        assert gap.startswith("the report could not be written: configmaps is forbidden")
        door.manners.rights = rights()
        await until(lambda: told(cluster) is not None)

    lived(sink, life)


def test_it_comes_back_with_the_api(door: Door, cluster: KubeApi, tmp_path: Path) -> None:
    """The API ends and begins again, with everything in it gone: the object is made anew."""
    sink = writing(door, tmp_path)

    async def life() -> None:
        sink.take(report(1))
        await until(lambda: told(cluster) is not None)
        door.shut()
        sink.take(report(2, Answer.SILENT))
        await until(lambda: "refuses" in "".join(sink.gaps()))
        found = stored(cluster)
        assert found is not None
        cluster.store.drop(built_in("ConfigMap"), found)
        with door:
            await until(lambda: told(cluster) is not None)

    lived(sink, life)
    last = told(cluster)
    assert last is not None
    assert 2 == last.round


def test_its_age_is_told_by_the_apis_clock(door: Door, cluster: KubeApi, tmp_path: Path) -> None:
    """An agent whose node's clock is an hour late is not taken for one that is silent."""
    late = replace(report(), at=time.time() - 3600)
    for _ in range(2):
        assert writing(door, tmp_path).write(late)

        found = stored(cluster)
        assert found is not None
        ((taken,), damaged) = collect([found], time.time())
        assert (late, ()) == (taken.report, damaged)
        assert taken.age < 5
        managers = [one["manager"] for one in found["metadata"]["managedFields"]]
        assert ["meshdoctor-agent"] == managers


def test_what_a_person_added_stays(door: Door, cluster: KubeApi, tmp_path: Path) -> None:
    """Applying changes what is the agent's, and what somebody wrote in its place."""
    sink = writing(door, tmp_path)
    assert sink.write(report(1))
    found = stored(cluster)
    assert found is not None
    found["metadata"]["annotations"] = {"note": "mine"}
    found["data"][KEY] = json.dumps("tampered")
    cluster.put(found)

    newest = report(2)
    assert sink.write(newest)

    found = stored(cluster)
    assert found is not None
    assert {"note": "mine"} == found["metadata"]["annotations"]
    assert newest == told(cluster)
