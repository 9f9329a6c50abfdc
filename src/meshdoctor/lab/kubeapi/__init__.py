"""A Kubernetes API: in memory, for tests on loopback and for the lab's control plane.

Real clients talk to it: kubectl, the doctor, the agents, Prometheus' service discovery. It keeps
objects, and refuses what a real one refuses where our documents say so. Nothing runs in it: no
scheduler, no kubelet, no controller but those that a test plays with `settle` and the lab with
processes.
"""

from meshdoctor.lab.kubeapi.server import KubeApi, kube_api
from meshdoctor.lab.kubeapi.settling import settle, settling

__all__ = ["KubeApi", "kube_api", "settle", "settling"]
