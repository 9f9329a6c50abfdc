"""I/O that yields evidence: every probe looks at one thing, has a deadline, and judges nothing."""
