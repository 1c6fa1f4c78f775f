# micropay's server in a container:
#
#   docker build -t micropay .
#   docker run -p 8888:8888 -v micropay:/data micropay
#
# Build arguments, each with a default:
#   BUILD_IMAGE   any Debian or Ubuntu with apt-get
#   DENO_VERSION  the Deno that compiles, from npm
#   DENORT_BIN    where `deno compile` cannot download its runtime: that runtime's path in this folder, dist/denort, of the
#                 same version and processor
ARG BUILD_IMAGE=debian:trixie-slim

FROM ${BUILD_IMAGE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
ARG DENO_VERSION=2.9.6
ARG DENORT_BIN=
# The system's store, so that a build image with a certificate authority of its own works.
ENV DENO_TLS_CA_STORE=system
RUN ${DENORT_BIN:+env "DENORT_BIN=/build/${DENORT_BIN}"} npx -y "deno@${DENO_VERSION}" task compile
# What the executable is linked with is all of a Debian that it needs: no shell, no package manager, nothing else that could
# be turned against it, and nothing that is not in the build image already.
RUN mkdir -p /runtime/etc /empty \
 && ldd dist/micropay | grep -o '/[^ ]*' | while read -r library; do \
      install -D "${library}" "/runtime${library}"; \
    done \
 && install -D dist/micropay /runtime/usr/local/bin/micropay \
 && install -D -m 0644 LICENSE /runtime/usr/share/doc/micropay/LICENSE \
 && echo 'micropay:x:10001:10001::/data:/nonexistent' > /runtime/etc/passwd \
 && echo 'micropay:x:10001:' > /runtime/etc/group \
 && echo 'hosts: files dns' > /runtime/etc/nsswitch.conf

FROM scratch
COPY --from=build /runtime /
# A new volume gets its owner from here. The number, because a name cannot be checked to be other than root from outside.
COPY --from=build --chown=10001:10001 /empty /data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8888
# As variables, so that they hold for every command: `docker run micropay server 8888 3 --silent`, `… gencert --host NAME`.
ENV MICROPAY_DB=/data/server.db \
    MICROPAY_CERTS=/data/certs \
    MICROPAY_OUT=/data/certs \
    HOME=/data
# No HEALTHCHECK: it would take one of the places that CONCURRENT_USER_LIMIT gives to members. Whether the server lives is
# whether its process does: it ends, with a reason, when it cannot go on.
ARG REVISION=
LABEL org.opencontainers.image.title="micropay" \
      org.opencontainers.image.description="Person-to-person micropayments for a closed group" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
ENTRYPOINT ["/usr/local/bin/micropay"]
CMD ["server", "8888"]
