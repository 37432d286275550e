# Telepod's image: one static binary and the public roots, for OTLP over TLS. Nothing is built here, so
# that no base image is needed; image/build.sh prepares what is copied:
#
#   bin/telepod-linux-$TARGETARCH   CGO_ENABLED=0 GOARCH=$TARGETARCH go build ./cmd/telepod
#   bin/ca-certificates.crt
FROM scratch
ARG TARGETARCH
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="telepod" \
      org.opencontainers.image.description="Cloud identity and OpenTelemetry settings for every pod" \
      org.opencontainers.image.source="https://github.com/telepod/telepod" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY bin/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY bin/telepod-linux-${TARGETARCH} /telepod
USER 65532:65532
ENTRYPOINT ["/telepod"]
