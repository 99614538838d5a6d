# The daemon and its load generator, and nothing else: no shell, no package manager.
#
#     docker build --build-arg WEIR_COMMIT="$(git rev-parse --short=12 HEAD)" -t weir .    which --version --verbose names
#     docker run -p 7000:7000 weir                                     an echo on port 7000
#     docker run -p 7000:7000 weir proxy :7000 db:5432                 arguments go to `weir`
#     docker run -v ./weir.yaml:/etc/weir/weir.yaml:ro weir run        a configuration file
#     docker run -e WEIR_SET_log_level=debug weir                      a key of the configuration
#     docker run --network host --entrypoint weir-load weir echo 127.0.0.1:7000

FROM debian:bookworm AS build
WORKDIR /src
COPY scripts/setup scripts/setup
RUN scripts/setup image-build
COPY . .
# The image's context has no .git, which would tell.
ARG WEIR_COMMIT=
RUN cmake --preset release -DWEIR_TESTS=OFF -DWEIR_BENCH=OFF -DWEIR_COMMIT="$WEIR_COMMIT" \
    && cmake --build build/release --target weir weir-load \
    && scripts/image-root /image build/release/bin/weir build/release/bin/weir-load

FROM scratch
COPY --from=build /image/ /
ENV PATH=/usr/bin
USER 10001:10001
EXPOSE 7000
STOPSIGNAL SIGTERM
# It finds out by itself what is served; WEIR_HEALTH names another target.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["weir", "healthcheck"]
ENTRYPOINT ["weir"]
CMD ["echo", ":7000"]
