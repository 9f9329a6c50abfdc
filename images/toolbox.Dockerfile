# The command `meshdoctor`: `docker buildx bake`, or docs/images.md for other ways.

# Both are named in docker-bake.hcl, where they are changed; a test holds the names here alike.
ARG BASE=gcr.io/distroless/python3-debian13:nonroot
ARG BUILDER=docker.io/library/python:3.13-slim-trixie

FROM ${BASE} AS base

# On the platform that builds, for the one that runs: files are copied and picked, none is run.
FROM --platform=${BUILDPLATFORM} ${BUILDER} AS filling
WORKDIR /build
COPY --from=base / root
COPY images/root.py .
RUN ["python3", "root.py", "root"]
ARG TARGETARCH
COPY images/packages.py requirements/toolbox.txt ./
RUN ["python3", "packages.py", "toolbox.txt", "packages"]
COPY src/meshdoctor code/meshdoctor
RUN ["python3", "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", "code"]

# Empty, so of the target's platform: the builder's would be the wrong Python under the right label.
FROM scratch
COPY --from=filling /build/root /
ENV PATH=/usr/local/bin:/usr/bin \
    LANG=C.UTF-8 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PYTHONPATH=/app/code:/app/packages \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
COPY --from=filling /build/packages /app/packages
COPY --from=filling /build/code /app/code
COPY images/meshdoctor /usr/local/bin/meshdoctor
USER 65532:65532
ENTRYPOINT ["meshdoctor"]
ARG BASE
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="toolbox" \
    org.opencontainers.image.description="The command meshdoctor, which names the layer of a mesh that is broken" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.base.name="${BASE}"
