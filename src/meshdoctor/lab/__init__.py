"""The lab: real processes on one machine, driven, watched and judged."""
