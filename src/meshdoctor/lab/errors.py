"""What can go wrong in the lab, as sentences for the person who started it.

- `LabError`
  - `PortTaken` (ports.py)
  - `ProcessDied`, `NotReady` (processes.py)
  - `LoadBroken` (load.py)
  - `PrometheusError` (promquery.py)
- `Interrupted` (interruption.py) is no error: the person wants to stop
"""


class LabError(Exception):
    """The lab cannot do what was asked; the text says what, where, and what to do."""
