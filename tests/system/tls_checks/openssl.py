"""OpenSSL's s_client and s_server on the other side."""

from tls_checks.world import pattern

MEGABYTES = 4 << 20


def check(world):
    that = world.that
    weir, port = world.echo("alpn: [h2, http/1.1]")
    trusted = ["-CAfile", world.ca, "-verify_return_error", "-verify_hostname", "site.test"]
    s_client = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "site.test", *trusted]

    for version in ("-tls1_2", "-tls1_3"):
        seen = world.talk([*s_client, version, "-alpn", "x,h2"], ("", "Verify return code: 0"), ("ping\n", "ping"))
        that("[it ended" not in seen and "ALPN protocol: h2" in seen, f"s_client {version} is served", seen)
        got, sent, size = world.pump([*s_client, version, "-quiet"], pattern(MEGABYTES))
        that(got == sent, f"s_client {version}: megabytes come back unchanged", f"{size} bytes")
        record = weir.wait_for_record("s_client", lambda one: one["tls"]["version"] is not None)
        that(record["tls"]["sni"] == "site.test", f"s_client {version}: the record has the name", record)
    for old in ("-tls1", "-tls1_1"):
        seen = world.bed.run(*s_client, old, "-cipher", "ALL:@SECLEVEL=0", input="", expect=None)
        that("alert protocol version" in seen.stderr, f"s_client {old} is refused by an alert", seen.stderr)

    # K asks for a KeyUpdate of both sides, R for a renegotiation.
    seen = world.talk([*s_client, "-tls1_3"], ("", "Verify return code: 0"), ("a\n", "a"), ("K\n", "KEYUPDATE"), ("after\n", "after"))  # fmt: skip
    that("[it ended" not in seen, "s_client: a KeyUpdate amid the stream", seen)
    seen = world.talk([*s_client, "-tls1_2"], ("", "Verify return code: 0"), ("a\n", "a"), ("R\n", "RENEGOTIATING"), ("", "no renegotiation"))  # fmt: skip
    that("no renegotiation" in seen and "[it ended" not in seen, "s_client: renegotiation is refused", seen)

    for version in ("-tls1_2", "-tls1_3"):
        session = world.folder / f"session{version}"
        first = world.talk([*s_client, version, "-sess_out", session], ("", "Verify return code: 0"), ("x\n", "x"))
        second = world.talk([*s_client, version, "-sess_in", session], ("", "Verify return code: 0"), ("y\n", "y"))
        that("New, TLS" in first and "Reused, TLS" in second, f"s_client {version} resumes its session", second)
        if version == "-tls1_3":
            that("Max Early Data: 0" in first + second or "Max Early Data" not in first, "no early data is taken", first)
    that("client_closed" in weir.ends() or "client_truncated" in weir.ends(), "ends are named", weir.ends())

    client = world.certificate("alice", "alice", kind="client")
    weir2, port2 = world.echo(f"client_certificates: {{verify: required, ca: {world.ca}}}", name="weir2")
    s_client2 = ["openssl", "s_client", "-connect", f"127.0.0.1:{port2}", "-servername", "site.test", *trusted]
    seen = world.talk([*s_client2, "-cert", client[0], "-key", client[1]], ("", "Verify return code: 0"), ("hi\n", "hi"))
    that("[it ended" not in seen, "s_client with a certificate is served", seen)
    that(weir2.wait_for_record("alice")["tls"]["client_cn"] == "alice", "the record has its name")
    seen = world.talk(s_client2, ("", "Verify return code: 0"), ("hi\n", "certificate required"))
    that("alert certificate required" in seen, "s_client without one is told so", seen)

    _, port3 = world.proxy(world.plain_echo(), world.listener("starttls: postgres"), name="weir3")
    seen = world.talk(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port3}", "-servername", "site.test", "-starttls", "postgres", *trusted],
        ("", "Verify return code: 0"), ("ping\n", "ping"),
    )  # fmt: skip
    that("[it ended" not in seen, "s_client -starttls postgres is served", seen)

    # As the backend: -rev sends each line back from its end.
    for version in ("-tls1_2", "-tls1_3"):
        server_port = world.bed.ports()
        world.server(
            f"s_server{version}", server_port, "openssl", "s_server", "-accept", f"127.0.0.1:{server_port}", "-cert",
            world.backend[0], "-key", world.backend[1], "-rev", version,
        )  # fmt: skip
        name = f"weir-s_server{version}"
        _, both = world.proxy(server_port, world.listener(), world.upstream(), name=name)
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{both}", "-servername", "site.test", "-quiet", *trusted]
        seen = world.talk(command, ("reviled\n", "deliver"))
        that("[it ended" not in seen, f"s_server {version} is spoken to", seen)
