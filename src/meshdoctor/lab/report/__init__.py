"""What a run amounts to: the judgement (`result.json`) and the page a person reads."""

from meshdoctor.lab.report.html import render
from meshdoctor.lab.report.judge import Result, judge

__all__ = ["Result", "judge", "render"]
