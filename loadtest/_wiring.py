"""How the load test hangs on Locust.

Locust finds nothing to run in the helpers: a shape class in a locustfile would silence --users and
--run-time for good, so the shape is chosen when the options are known.
"""

import signal

import gevent  # type: ignore[import-untyped]
from locust.event import Events

from _cluster import Cluster
from _options import add_options
from _page import Page
from _run import LoadRun


def install(events: Events) -> None:
    """Listen to Locust's events; call it while the locustfile is imported.

    Locust fires `quitting` in reverse order: registered this early, the judgement comes late, when
    the master has quit, and only the metrics page is closed after it.

    Args:
        events: `locust.events`.
    """
    run = LoadRun()
    cluster, page = Cluster(run), Page(run)
    listeners = (
        ("init_command_line_parser", add_options),
        ("init", feel_ctrl_c),
        ("init", page.open),
        ("init", run.prepare),
        ("init", cluster.prepare),
        ("test_start", run.start),
        ("request", run.count),
        ("report_to_master", cluster.report),
        ("worker_report", cluster.collect),
        ("test_stopping", cluster.await_workers),
        ("quitting", page.close),
        ("quitting", run.finish),
    )
    for event, listener in listeners:
        getattr(events, event).add_listener(listener)


def feel_ctrl_c(**_: object) -> None:
    """Have Ctrl-C felt between the turns of the users.

    Python raises KeyboardInterrupt in whatever runs. Under load that is a user, whose request is
    then never counted. A process that a script started in the background ignores Ctrl-C as before.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        gevent.signal_handler(signal.SIGINT, interrupt)


def interrupt() -> None:
    """Raise KeyboardInterrupt in Locust's main greenlet, which judges and quits."""
    gevent.get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())
