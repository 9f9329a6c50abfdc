"""What the agents' evidence is asked: a check a file, all of them in `every.py`."""
