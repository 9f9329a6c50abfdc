"""The mesh in the lab's network: real processes in Pods, and a Kubernetes API that tells of them.

`plan` says what runs where, `programs` how, `container` is one of them, `kubelet` looks after them,
`objects` and `services` say what the API is to tell, `scribe` tells it, `building` puts it
together, and `cluster` is what scenarios hold. docs/lab.md says what stands for what.
"""
