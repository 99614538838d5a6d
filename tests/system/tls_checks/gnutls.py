"""GnuTLS on the other side: a second implementation, which is stricter about ends than OpenSSL."""

from tls_checks.world import pattern

MEGABYTES = 4 << 20
VERSIONS = {"1.2": "NORMAL:-VERS-ALL:+VERS-TLS1.2", "1.3": "NORMAL:-VERS-ALL:+VERS-TLS1.3"}


def check(world):
    that = world.that
    weir, port = world.echo("alpn: [h2]")

    def client(to, *more):
        return [
            "gnutls-cli", "127.0.0.1", "-p", to, "--x509cafile", world.ca, "--sni-hostname", "site.test",
            "--verify-hostname", "site.test", *more,
        ]  # fmt: skip

    for version, priority in VERSIONS.items():
        seen = world.talk(client(port, "--priority", priority, "--alpn", "h2"), ("", "- Handshake was completed"), ("ping\n", "ping"))  # fmt: skip
        that("[it ended" not in seen and "The certificate is trusted" in seen, f"gnutls-cli {version} is served", seen)
        info = world.folder / "info"
        got, sent, size = world.pump(client(port, "--priority", priority, "--logfile", info), pattern(MEGABYTES))
        that(got == sent, f"gnutls-cli {version}: megabytes come back unchanged", f"{size} bytes")
        seen = world.talk(client(port, "--priority", priority, "-r", "--waitresumption"), ("", "This is a resumed session"), ("again\n", "again"))  # fmt: skip
        that("[it ended" not in seen, f"gnutls-cli {version} resumes its session", seen)
    for strange in ("SECURE128:%COMPAT", "NORMAL:-GROUP-ALL:+GROUP-SECP384R1", "NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305"):
        seen = world.talk(client(port, "--priority", strange), ("", "- Handshake was completed"), ("ping\n", "ping"))
        that("[it ended" not in seen, f"gnutls-cli {strange} is served", seen)
    for old in ("NORMAL:-VERS-ALL:+VERS-TLS1.1:%ALLOW_SMALL_RECORDS", "NORMAL:-KX-ALL:+RSA:-VERS-TLS1.3"):
        seen = world.talk(client(port, "--priority", old), ("", "Fatal"))
        that("[it ended" not in seen or "Error" in seen, f"gnutls-cli {old} is refused", seen)
    seen = world.talk(
        client(port, "--priority", VERSIONS["1.3"], "--inline-commands"),
        ("", "- Handshake was completed"), ("before\n", "before"), ("^rekey^\n", ""), ("after\n", "after"),
    )  # fmt: skip
    that("[it ended" not in seen, "gnutls-cli: a KeyUpdate amid the stream", seen)
    that("tls_error" not in weir.ends(), "none of those ended by an error", weir.ends())

    for version, priority in VERSIONS.items():
        server_port = world.bed.ports()
        world.server(
            f"gnutls-serv-{version}", server_port, "gnutls-serv", "--echo", "-p", server_port, "--x509certfile",
            world.backend[0], "--x509keyfile", world.backend[1], "--priority", priority, "--disable-client-cert",
        )  # fmt: skip
        weir, both = world.proxy(server_port, world.listener(), world.upstream(), name=f"weir-serv-{version}")
        # gnutls-serv sends lines back.
        seen = world.talk(client(both), ("", "- Handshake was completed"), ("to gnutls-serv\n", "to gnutls-serv"))
        that("[it ended" not in seen, f"gnutls-serv {version} is spoken to", seen)
        record = weir.wait_for_record("gnutls-cli")
        that(record["end"] in ("client_closed", "server_closed"), f"gnutls-serv {version}: ends are in order", record)
