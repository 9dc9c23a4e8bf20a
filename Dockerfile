# One image for every role: what a container does is said by the words behind `furlong`.
#
#   docker build -t furlong:0.1.0 .
#   docker run --rm -p 127.0.0.1:7400:7400 furlong:0.1.0

FROM rust:1.95.0-bookworm AS build
WORKDIR /source
COPY . .
# The caches belong to this machine's builder; nothing of them is in the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package furlong --features kafka-tls \
    && install -D --mode=755 target/release/furlong /made/furlong \
    && install -d --mode=700 /made/data

# The same Debian as above, so that the C library is the one that was linked against.
FROM debian:12.12-slim
LABEL org.opencontainers.image.title="furlong" \
      org.opencontainers.image.description="A betting and transactions engine" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# What Kafka's client speaks TLS with; the builder's image has its headers.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libssl3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /made/furlong /usr/local/bin/furlong
COPY --from=build --chown=10001:10001 /made/data /data
USER 10001:10001
WORKDIR /data
VOLUME /data
ENV FURLONG_LISTEN=0.0.0.0 FURLONG_DATA=/data
EXPOSE 7400
STOPSIGNAL SIGTERM
# The binary asks itself: there is no curl in the image, and none is needed.
HEALTHCHECK --interval=5s --timeout=6s --start-period=60s --retries=12 CMD ["furlong", "health"]
ENTRYPOINT ["furlong"]
CMD ["dev", "--data", "/data", "--listen", "0.0.0.0"]
