# The program and the libraries that it runs with. Build it in a folder that holds the repository:
#
#   docker build --build-arg VERSION="$(git describe --tags --always)" -t fairgate .
#
# The same commit gives the same files, but for their times. `make image-test` builds and runs it.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY tests/deps.sh tests/
RUN apt-get -qq update && apt-get -qq -y --no-install-recommends install make && tests/deps.sh install build
COPY Makefile ./
COPY webhook webhook
ARG VERSION=unknown
RUN make VERSION="${VERSION}" && strip build/fairgate

FROM ${BASE}
# What installing leaves behind is of use to nobody, and never twice the same.
RUN apt-get -qq update \
    && apt-get -qq -y --no-install-recommends install \
        libcurl4 libh2o-evloop0.13 libjansson4 libpcre2-8-0 libssl3 libyaml-0-2 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/* /var/lib/dpkg/*-old \
        /var/log/* /tmp/*
COPY --from=build /src/build/fairgate /usr/bin/fairgate
ARG VERSION=unknown
LABEL org.opencontainers.image.title="fairgate" \
    org.opencontainers.image.description="Admission webhook and policy engine for Kubernetes clusters with shared GPUs" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}"
USER 65532:65532
STOPSIGNAL SIGTERM
EXPOSE 8443 8080
ENTRYPOINT ["/usr/bin/fairgate"]
CMD ["--help"]
