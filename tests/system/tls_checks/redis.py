"""redis-cli --tls before Weir, redis-server with and without TLS behind it."""


def check(world):
    that = world.that
    bed = world.bed
    plain, secure = bed.ports(), bed.ports()
    world.server(
        "redis", secure, "redis-server", "--bind", "127.0.0.1", "--port", plain, "--tls-port", secure, "--tls-cert-file",
        world.backend[0], "--tls-key-file", world.backend[1], "--tls-ca-cert-file", world.ca, "--tls-auth-clients", "no",
        "--save", "", "--appendonly", "no", "--dir", bed.folder,
    )  # fmt: skip
    own = world.certificate("redis-client", "weir", kind="client")

    def cli(port, *command, tls=True, more=(), expect=0):
        options = ["--tls", "--cacert", world.ca, "--sni", "site.test", *more] if tls else []
        return bed.run("redis-cli", "-h", "127.0.0.1", "-p", port, *options, *command, expect=expect).stdout.strip()

    weir, ending = world.proxy(plain, world.listener(), name="weir-ending")
    that(cli(ending, "PING") == "PONG", "redis-cli --tls: TLS ends here")
    that(cli(ending, "SET", "a", "x" * 100_000) == "OK" and cli(ending, "GET", "a") == "x" * 100_000, "large values")
    record = weir.wait_for_record("redis-cli")
    that(record["tls"]["sni"] == "site.test" and record["tls"]["version"] == "TLSv1.3", "the record", record)
    _, both = world.proxy(secure, world.listener(), world.upstream(), name="weir-both")
    that(cli(both, "GET", "a") == "x" * 100_000, "TLS ends here and begins anew")
    _, beginning = world.proxy(secure, "", world.upstream(), name="weir-beginning")
    that(cli(beginning, "PING", tls=False) == "PONG", "TLS begins here")
    benchmark = bed.run(
        "redis-benchmark", "-h", "127.0.0.1", "-p", both, "--tls", "--cacert", world.ca, "--sni", "site.test", "-n", "4000",
        "-c", "20", "-P", "4", "-t", "set,get,lrange_100", "-q",
    )  # fmt: skip
    that("requests per second" in benchmark.stdout, "redis-benchmark through both", benchmark.stdout)

    _, named = world.proxy(
        plain, world.listener(f"client_certificates: {{verify: required, ca: {world.ca}, names: [weir]}}"), name="weir-named"
    )
    shows = ("--cert", own[0], "--key", own[1])
    that(cli(named, "PING", more=shows) == "PONG", "redis-cli with its certificate is served")
    that(cli(named, "PING", expect=None) != "PONG", "… and without it is not")
    bed.run("redis-cli", "-h", "127.0.0.1", "-p", plain, "CONFIG", "SET", "tls-auth-clients", "yes")
    _, showing = world.proxy(
        secure, "", world.upstream(f"certificate: {own[0]}, key: {own[1]}"), name="weir-showing"
    )
    that(cli(showing, "PING", tls=False) == "PONG", "Weir shows its certificate to redis-server")
