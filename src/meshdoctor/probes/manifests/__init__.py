"""Manifests before anything is applied: rendered, read, and beside what the cluster has already."""
