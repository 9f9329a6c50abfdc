"""The composition root: a recommendations server, made of its settings."""

from collections.abc import Sequence

import grpc
from structlog.typing import FilteringBoundLogger

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from bookstore.recommendations.v1 import recommendations_pb2_grpc as pb_grpc
from meshdoctor.mesh.server import MeshServer, ServerPolicy
from meshdoctor.mesh.tls import ServerTls
from meshdoctor.mesh.tlscallers import Callers
from recommendations.catalogue import Catalogue, load_catalogue
from recommendations.faults import FaultPlan, FaultyServicer
from recommendations.servicer import RecommendationsServicer
from recommendations.settings import RecommendationsSettings

SERVICE = pb.DESCRIPTOR.services_by_name["RecommendationsService"].full_name
"""The service's name, as health checks and reflection spell it."""


def create_server(
    settings: RecommendationsSettings,
    catalogue: Catalogue | None = None,
    interceptors: Sequence[grpc.ServerInterceptor] = (),
    logger: FilteringBoundLogger | None = None,
) -> MeshServer:
    """Make a server; it neither listens nor runs before its `start`.

    Args:
        settings: all knobs.
        catalogue: the books; read from `settings.catalogue` when None.
        interceptors: what sees every call, outermost first.
        logger: told of certificates that change.

    Returns:
        A server with the service added, not serving yet.

    Raises:
        CatalogueError: the catalogue cannot be used.
        TlsFileError: TLS is on, and its files cannot be used.
    """
    books = load_catalogue(settings.catalogue) if catalogue is None else catalogue
    files = settings.tls_files
    if files and settings.callers:
        interceptors = (*interceptors, Callers(settings.callers))
    tls = ServerTls(files, logger) if files else None
    server = MeshServer(_policy(settings), interceptors, tls)
    server.add(
        pb_grpc.add_RecommendationsServiceServicer_to_server, _servicer(settings, books), SERVICE
    )
    return server


def _policy(settings: RecommendationsSettings) -> ServerPolicy:
    return ServerPolicy(
        threads=settings.threads,
        max_concurrent_rpcs=settings.max_concurrent_rpcs,
        reflection=settings.reflection,
        drain_seconds=settings.drain_seconds,
        grace_seconds=settings.grace_seconds,
    )


def _servicer(
    settings: RecommendationsSettings, books: Catalogue
) -> pb_grpc.RecommendationsServiceServicer:
    servicer = RecommendationsServicer(books)
    plan = FaultPlan(settings.fault_delay_seconds, settings.fault_error_ratio)
    return FaultyServicer(servicer, plan) if plan else servicer
