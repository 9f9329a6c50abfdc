"""What the runbook quotes of a cluster's own words is what a cluster said."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.support.runbook import RUNBOOK, tables

EVENTS: Final = Path(__file__).parent / "support" / "captured_events.json"
CHAPTER: Final = RUNBOOK.read_text("utf-8").partition("\n## What stops an overlay\n")[2]
QUOTED: Final = {
    "image-tag-missing": "...: not found",
    "image-index-without-platform": "no match for platform in manifest",
    "registry-unreachable": "dial tcp ...",
    "unschedulable": "... had untolerated taint(s)",
}


@pytest.mark.parametrize("pod", sorted(QUOTED))
def test_an_event_is_quoted_as_a_cluster_wrote_it(pod: str) -> None:
    """Events of Pods with that fault, on a kubeadm cluster, have the words of the table."""
    cells = {row[0] for row in tables(CHAPTER.partition("\n## ")[0])}
    pattern = re.escape(QUOTED[pod]).replace(re.escape("..."), ".*")
    said = json.loads(EVENTS.read_text("utf-8"))[pod]

    assert [] != [cell for cell in cells if f"`{QUOTED[pod]}`" in cell]
    assert [] != [message for message in said if re.search(pattern, message)]
