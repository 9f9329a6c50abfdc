"""A hundred nodes for one agent: everything that it asks, answered by one process on loopback."""
