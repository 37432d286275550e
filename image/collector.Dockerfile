# The Collector's image: Telepod's Collector, the supervisor that keeps a sidecar running, and the public roots.
# Nothing is built here, so that no base image is needed; image/build.sh prepares what is copied.
FROM scratch
ARG TARGETARCH
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="telepod-collector" \
      org.opencontainers.image.description="OpenTelemetry Collector with a crash-safe disk queue and failover by priority" \
      org.opencontainers.image.source="https://github.com/telepod/telepod" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY bin/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY bin/otelcol-linux-${TARGETARCH} /otelcol
COPY bin/collector-supervisor-linux-${TARGETARCH} /collector-supervisor
USER 10001:10001
# With COLLECTOR_SUPERVISED=false in its environment the supervisor replaces itself with the Collector.
ENTRYPOINT ["/collector-supervisor", "--", "/otelcol"]
