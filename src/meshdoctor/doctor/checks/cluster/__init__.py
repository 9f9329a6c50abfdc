"""What a Kubernetes API's evidence is asked: a check a file, all of them in `every.py`."""
