"""Locust puts loadtest/ on the path of its helpers; so do these tests, without Locust."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "loadtest"))
