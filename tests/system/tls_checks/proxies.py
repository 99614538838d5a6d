"""nginx and HAProxy before and behind Weir, with the PROXY header's word of the client's TLS read back."""

from tls_checks.stunnel import exchange
from tls_checks.world import pattern

MEGABYTES = 2 << 20


def check(world):
    that = world.that
    bed = world.bed
    echo = world.plain_echo()
    data = pattern(MEGABYTES)
    weir_port, nginx_front, nginx_back, ha_front, ha_back, ha_http = (bed.ports() for _ in range(6))

    combined = bed.folder / "backend.both.pem"
    combined.write_text(world.backend[0].read_text() + world.backend[1].read_text())
    (bed.folder / "nginx.conf").write_text(
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
        f"daemon off; master_process off; pid {bed.folder}/nginx.pid; error_log stderr; events {{}}\nstream {{\n"
        f"server {{ listen 127.0.0.1:{nginx_front}; proxy_pass 127.0.0.1:{weir_port}; proxy_ssl on; proxy_ssl_verify on;\n"
        f"  proxy_ssl_trusted_certificate {world.ca}; proxy_ssl_name site.test; proxy_ssl_server_name on;\n"
        "  proxy_half_close on; }\n"
        f"server {{ listen 127.0.0.1:{nginx_back} ssl; proxy_pass 127.0.0.1:{echo}; proxy_half_close on;\n"
        f"  ssl_certificate {world.backend[0]}; ssl_certificate_key {world.backend[1]}; }}\n}}\n"
    )
    (bed.folder / "haproxy.cfg").write_text(
        "defaults\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
        f"listen front\n  mode tcp\n  bind 127.0.0.1:{ha_front}\n"
        f"  server weir 127.0.0.1:{weir_port} ssl verify required ca-file {world.ca} sni str(site.test) verifyhost site.test\n"
        f"listen back\n  mode tcp\n  bind 127.0.0.1:{ha_back} ssl crt {combined}\n  server echo 127.0.0.1:{echo}\n"
        f"listen http\n  mode http\n  bind 127.0.0.1:{ha_http} accept-proxy\n"
        '  http-request return status 200 content-type text/plain lf-string "%[fc_pp_authority] %[src]"\n'
    )
    world.server("nginx", nginx_front, "nginx", "-c", bed.folder / "nginx.conf")
    world.server("haproxy", ha_http, "haproxy", "-f", bed.folder / "haproxy.cfg")
    backends = {"nginx": nginx_back, "haproxy": ha_back}
    fronts = {"nginx": nginx_front, "haproxy": ha_front}
    for behind, backend_port in backends.items():
        weir = world.weir(
            f"listeners: [{{name: front, bind: '127.0.0.1:{weir_port}', {world.listener()}, proxy: {{upstream: back}}}}]\n"
            f"upstreams: [{{name: back, servers: [{{address: '127.0.0.1:{backend_port}'}}], {world.upstream()}}}]\n",
            f"weir-{behind}",
        )
        for before, port in fronts.items():
            that(exchange(port, data) == data, f"{before} before, {behind} behind: megabytes come back")
            record = weir.wait_for_record(before, lambda one: one["bytes_in"] == MEGABYTES)
            that(
                record["bytes_out"] == MEGABYTES and record["tls"]["sni"] == "site.test", f"{before}: the record", record
            )
        weir.process.terminate()
        weir.process.wait(20)

    # What HAProxy reads of the header.
    _, port = world.proxy(
        ha_http, world.listener("alpn: [http/1.1]"),
        "send_proxy_protocol: v2, proxy_tlvs: [authority, alpn, ssl, certificate]", name="weir-tlvs",
    )  # fmt: skip
    told = bed.run(
        "curl", "--silent", "--cacert", world.ca, "--resolve", f"site.test:{port}:127.0.0.1", f"https://site.test:{port}/"
    )
    that(told.stdout == "site.test 127.0.0.1", "HAProxy reads the name in the PROXY header", told.stdout)
    own = world.certificate("curl", "curl", kind="client")
    _, port = world.proxy(
        ha_http, world.listener(f"client_certificates: {{verify: required, ca: {world.ca}}}"),
        "send_proxy_protocol: v2, proxy_tlvs: [authority, ssl, certificate]", name="weir-certificate",
    )  # fmt: skip
    told = bed.run(
        "curl", "--silent", "--cacert", world.ca, "--resolve", f"site.test:{port}:127.0.0.1", "--cert", own[0], "--key",
        own[1], f"https://site.test:{port}/",
    )  # fmt: skip
    that(told.stdout == "site.test 127.0.0.1", "… also behind a certificate", told.stdout)
