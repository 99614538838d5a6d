"""nginx with a few files, for checks by whoever speaks HTTP."""


def serve(world, files):
    """Its plain port, and the one where it speaks TLS as backend.test, HTTP/2 too. `files` maps names to bytes."""
    bed = world.bed
    plain, secure = bed.ports(), bed.ports()
    site = bed.subfolder("site")
    for name, content in files.items():
        (site / name).write_bytes(content)
    config = bed.folder / "nginx.conf"
    temporary = " ".join(
        f"{kind}_temp_path {bed.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        f"daemon off; master_process off; pid {bed.folder}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary} client_max_body_size 0; types {{ text/html html; }}\n"
        f"server {{ listen 127.0.0.1:{plain}; root {site}; }}\n"
        f"server {{ listen 127.0.0.1:{secure} ssl http2; root {site};\n"
        f"ssl_certificate {world.backend[0]}; ssl_certificate_key {world.backend[1]}; }} }}\n"
    )
    world.server("nginx", secure, "nginx", "-c", config)
    return plain, secure
