"""The agent's bench: the crowd answers all that an agent asks, and its cost is written down."""

import json
from pathlib import Path

import pytest

from meshdoctor.lab.bench.agent import CPU_SHARE, MEMORY_MIB, AgentPlan, Cost, run
from meshdoctor.lab.interruption import Interruption

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_a_small_crowd_answers_and_the_memory_is_kept(tmp_path: Path) -> None:
    """Every edge of a round is OK, or the bench says which was not; memory needs no minute."""
    run(AgentPlan(nodes=5, seconds=6, out=tmp_path), Interruption())
    cost = json.loads((tmp_path / "agent.json").read_text("utf-8"))

    # Three neighbours: 9; their nodes: 6; their Service: 2; name servers: 10; backends: 6; API: 2.
    assert 35 == cost["edges"]
    assert cost["rounds"] >= 1
    assert 0 < cost["cpu_ms"]
    assert cost["memory_mib"] <= cost["peak_mib"] <= MEMORY_MIB


def test_promises_are_kept_only_together() -> None:
    """Too much of either is too much."""
    cost = {"nodes": 1, "seconds": 1, "rounds": 1, "edges": 1, "not_ok": 0, "cpu_ms": 1.0}

    assert [True, False, False] == [
        Cost(**cost, cpu_share=cpu, memory_mib=1.0, peak_mib=mib, report_bytes=1).met  # type: ignore[arg-type]  # whole numbers but one
        for cpu, mib in (
            (CPU_SHARE, MEMORY_MIB),
            (CPU_SHARE * 1.01, MEMORY_MIB),
            (CPU_SHARE, MEMORY_MIB + 1),
        )
    ]
