# The daemon and its load generator on Debian without a toolchain.
#
#     docker build -t weir .
#     docker run -p 7000:7000 weir                                     an echo on port 7000
#     docker run -p 7000:7000 weir proxy :7000 db:5432                 arguments go to `weir`
#     docker run -v ./weir.yaml:/etc/weir/weir.yaml:ro weir run        a configuration file
#     docker run --network host --entrypoint weir-load weir echo 127.0.0.1:7000

FROM debian:bookworm AS build
WORKDIR /src
COPY scripts/setup scripts/setup
RUN scripts/setup
COPY . .
RUN cmake --preset release -DWEIR_TESTS=OFF -DWEIR_BENCH=OFF \
    && cmake --build build/release \
    && DESTDIR=/stage cmake --install build/release --prefix /usr --strip

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libc-ares2 libedit2 libprometheus-cpp-core1.0 libspdlog1.10 \
       libssl3 libsystemd0 libyaml-cpp0.7 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
COPY --from=build /stage/usr/bin/ /usr/bin/
# The container's log is its stderr: the file as it is in the sources, not as a service has it.
COPY --from=build /src/config/weir.yaml /etc/weir/
COPY --from=build /stage/usr/share/doc/weir/LICENSE /usr/share/doc/weir/LICENSE
USER 10001:10001
EXPOSE 7000
STOPSIGNAL SIGTERM
# The address that the health check connects to; change it if you serve another one.
ENV WEIR_HEALTH=127.0.0.1:7000
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD weir healthcheck "$WEIR_HEALTH"
ENTRYPOINT ["weir"]
CMD ["echo", ":7000"]
