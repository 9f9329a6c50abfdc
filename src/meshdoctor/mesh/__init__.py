"""What a service links instead of a sidecar: a channel that survives, a server that drains."""

from meshdoctor.mesh.channel import MeshChannel
from meshdoctor.mesh.policy import MeshPolicy
from meshdoctor.mesh.resolver import Resolver
from meshdoctor.mesh.server import MeshServer, ServerPolicy
from meshdoctor.mesh.target import Target
from meshdoctor.mesh.tls import ClientTls, ServerTls
from meshdoctor.mesh.tlsfiles import TlsFiles

__all__ = [
    "ClientTls",
    "MeshChannel",
    "MeshPolicy",
    "MeshServer",
    "Resolver",
    "ServerPolicy",
    "ServerTls",
    "Target",
    "TlsFiles",
]
