"""A Kubernetes API for tests: in memory, on loopback, over plain HTTP.

Real clients talk to it: kubectl, Prometheus' service discovery. It keeps objects, and refuses what
a real one refuses where our documents say so. Nothing runs in it: no scheduler, no kubelet, no
controller but those that a test plays with `settle`.
"""

from tests.support.kubeapi.kubectl import Kubectl
from tests.support.kubeapi.server import KubeApi, kube_api
from tests.support.kubeapi.settling import settle, settling

__all__ = ["KubeApi", "Kubectl", "kube_api", "settle", "settling"]
