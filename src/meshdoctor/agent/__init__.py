"""The prober on each node: what reaches what, seen from there, every few seconds."""
