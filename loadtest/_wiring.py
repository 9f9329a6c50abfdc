"""How the load test hangs on Locust.

Locust finds nothing to run in the helpers: a shape class in a locustfile would silence --users and
--run-time for good, so the shape is chosen when the options are known.
"""

from locust.event import Events

from _cluster import Cluster
from _options import add_options
from _run import LoadRun


def install(events: Events) -> None:
    """Listen to Locust's events; call it while the locustfile is imported.

    Locust fires `quitting` in reverse order: registered this early, the judgement comes last, when
    the master has quit.

    Args:
        events: `locust.events`.
    """
    run = LoadRun()
    cluster = Cluster(run)
    listeners = (
        ("init_command_line_parser", add_options),
        ("init", run.prepare),
        ("init", cluster.prepare),
        ("test_start", run.start),
        ("request", run.count),
        ("report_to_master", cluster.report),
        ("worker_report", cluster.collect),
        ("test_stopping", cluster.await_workers),
        ("quitting", run.finish),
    )
    for event, listener in listeners:
        getattr(events, event).add_listener(listener)
