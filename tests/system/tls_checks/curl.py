"""curl before Weir and nginx behind it: TLS ended, ended and begun anew, and passed through by name."""

from tls_checks import website
from tls_checks.world import pattern

MEGABYTES = 8 << 20


def check(world):
    that = world.that
    bed = world.bed
    plain, secure = website.serve(world, {"big": pattern(MEGABYTES), "small": b"small"})

    def curl(port, name, path, *more, expect=0):
        return bed.run(
            "curl", "--silent", "--show-error", "--cacert", world.ca, "--resolve", f"{name}:{port}:127.0.0.1",
            "--max-time", "30", *more, f"https://{name}:{port}{path}", expect=expect,
        )  # fmt: skip

    def fetches_all(port, name, *more):
        out = bed.folder / "fetched"
        curl(port, name, "/big", "--output", out, *more)
        return out.read_bytes() == pattern(MEGABYTES)

    _, ending = world.proxy(plain, world.listener("alpn: [http/1.1]"), name="weir-ending")
    that(fetches_all(ending, "site.test"), "TLS is ended before nginx")
    that(fetches_all(ending, "site.test", "--tls-max", "1.2"), "… also TLS 1.2")
    wrong = curl(ending, "backend.test", "/small", expect=None)
    that(wrong.returncode == 60, "a name that no certificate is for is refused by curl", wrong.stderr)
    twice = bed.run(
        "curl", "--silent", "--cacert", world.ca, "--resolve", f"site.test:{ending}:127.0.0.1", "--write-out",
        "%{num_connects}", f"https://site.test:{ending}/small", f"https://site.test:{ending}/small",
    )  # fmt: skip
    that(twice.stdout == "small1small0", "connections are kept alive", twice.stdout)

    _, both = world.proxy(secure, world.listener("alpn: [http/1.1]"), world.upstream(), name="weir-both")
    that(fetches_all(both, "site.test"), "TLS is ended and begun anew before nginx")

    weir, port = None, bed.ports()
    weir = world.weir(
        f"listeners: [{{name: front, bind: '127.0.0.1:{port}', {world.listener('alpn: [http/1.1]')}, proxy: {{routes: ["
        "{names: [backend.test], tls: pass, upstream: secure}, {names: [site.test], upstream: plain}]}}]\n"
        f"upstreams: [{{name: plain, servers: [{{address: '127.0.0.1:{plain}'}}]}}, "
        f"{{name: secure, servers: [{{address: '127.0.0.1:{secure}'}}]}}]\n",
        "weir-routes",
    )
    that(fetches_all(port, "site.test"), "one name's TLS is ended")
    that(fetches_all(port, "backend.test"), "… another's is passed through")
    http2 = curl(port, "backend.test", "/small", "--http2", "--write-out", " %{http_version}")
    that(http2.stdout == "small 2", "… and HTTP/2 is agreed on with the backend", http2.stdout)
    none = curl(port, "nobody.test", "/small", expect=None)
    that(none.returncode == 35, "a name without a route is refused in the handshake", none.stderr)
    weir.wait_for_record("no route", lambda one: one["end"] == "no_route")
    in_clear = bed.run("curl", "--silent", f"http://127.0.0.1:{port}/small", expect=None)
    that(in_clear.returncode != 0, "http without TLS is refused", in_clear.stdout)
    weir.wait_for_record("http", lambda one: one["end"] == "tls_not_tls")
