"""stunnel before and behind Weir: plain text in, plain text out, and Weir in the middle of both tunnels."""

import socket

from tls_checks.world import pattern

MEGABYTES = 4 << 20


def exchange(port, data):
    """Sends all, then a FIN, and meanwhile reads to the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        received = b""
        connection.setblocking(True)
        connection.settimeout(20)
        view = memoryview(data)
        while view:
            sent = connection.send(view[:65536])
            view = view[sent:]
            connection.settimeout(0.001)
            try:
                received += connection.recv(1 << 20)
            except (TimeoutError, BlockingIOError):
                pass
            connection.settimeout(20)
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(1 << 20):
            received += chunk
        return received


def check(world):
    that = world.that
    bed = world.bed
    echo = world.plain_echo()
    server, client = bed.ports(), bed.ports()
    for name, text in {
        "stunnel-server": f"[s]\naccept = 127.0.0.1:{server}\nconnect = 127.0.0.1:{echo}\ncert = {world.backend[0]}\n"
        f"key = {world.backend[1]}\n",
    }.items():
        (bed.folder / f"{name}.conf").write_text(f"foreground = yes\npid =\n{text}")
    world.server("stunnel-server", server, "stunnel4", bed.folder / "stunnel-server.conf")
    weir, both = world.proxy(server, world.listener(), world.upstream())
    (bed.folder / "stunnel-client.conf").write_text(
        f"foreground = yes\npid =\n[c]\nclient = yes\naccept = 127.0.0.1:{client}\nconnect = 127.0.0.1:{both}\n"
        f"sni = site.test\ncheckHost = site.test\nverifyChain = yes\nCAfile = {world.ca}\n"
    )
    world.server("stunnel-client", client, "stunnel4", bed.folder / "stunnel-client.conf")
    data = pattern(MEGABYTES)
    for round_number in range(3):
        that(exchange(client, data) == data, f"megabytes through two tunnels, time {round_number + 1}")
    record = weir.wait_for_record("a tunnel", lambda one: one["bytes_in"] == MEGABYTES)
    that(record["bytes_out"] == MEGABYTES and record["bytes_lost"] == 0, "all bytes are counted", record)
    that(record["tls"]["sni"] == "site.test", "the record has the name", record)
