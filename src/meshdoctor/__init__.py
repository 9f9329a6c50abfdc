"""A proxyless mesh for Python gRPC services: its instruments, and the proof that it holds."""

__version__ = "0.1.0"
