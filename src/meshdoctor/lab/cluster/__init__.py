"""The mesh in the lab's network: real processes in Pods, and a Kubernetes API that tells of them.

`plan` says what runs where, `programs` how, `container` is one of them, `kubelet` looks after them,
`objects` and `scribe` tell the API what is so, `cluster` is all of it. docs/lab.md says what stands
for what.
"""

from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.cluster.container import Container

__all__ = ["Cluster", "Container"]
