"""What kube-state-metrics says of Pods that wait and start again, out of the Kubernetes API.

`python -m meshdoctor.lab.cluster.states HOST:PORT`, in a Pod with a service account. Three series,
under kube-state-metrics' own names; while the API does not answer it goes on saying the last.
Standard library only, so that it is there soon.
"""

import json
import os
import ssl
import sys
import threading
import time
import urllib.request
from collections.abc import Iterable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_EVERY_SECONDS = 1.0
_ANSWER_SECONDS = 2.0


def series(pods: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Give the lines of the page.

    Args:
        pods: objects of the API.
    """
    for pod in pods:
        for told in pod["status"].get("containerStatuses", ()):
            labels = {
                "namespace": pod["metadata"]["namespace"],
                "pod": pod["metadata"]["name"],
                "container": told["name"],
            }
            yield _line("kube_pod_container_status_restarts_total", labels, told["restartCount"])
            if waiting := told["state"].get("waiting"):
                why = {**labels, "reason": waiting["reason"]}
                yield _line("kube_pod_container_status_waiting_reason", why, 1)
            if ended := told.get("lastState", {}).get("terminated"):
                why = {**labels, "reason": ended["reason"]}
                yield _line("kube_pod_container_status_last_terminated_reason", why, 1)


def _line(name: str, labels: Mapping[str, str], value: int) -> str:
    inside = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value}\n"


class _Page(BaseHTTPRequestHandler):
    def __init__(self, said: list[str], *connection: Any) -> None:  # noqa: ANN401 - socketserver's
        self._said = said
        super().__init__(*connection)

    def do_GET(self) -> None:
        body = self._said[0].encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


def main() -> None:
    """Serve until a signal ends the process."""
    host, _, port = sys.argv[1].rpartition(":")
    said = [""]
    with ThreadingHTTPServer((host, int(port)), partial(_Page, said)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}/api/v1/pods"
        trusted = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))
        token = (_ACCOUNT / "token").read_text("utf-8")
        request = urllib.request.Request(api, headers={"Authorization": f"Bearer {token}"})
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted)
        )
        while True:
            try:
                with opener.open(request, timeout=_ANSWER_SECONDS) as answer:
                    said[0] = "".join(series(json.load(answer)["items"]))
            except (OSError, ValueError) as error:
                print(f"the Kubernetes API does not answer: {error}", file=sys.stderr, flush=True)
            time.sleep(_EVERY_SECONDS)


if __name__ == "__main__":
    main()
