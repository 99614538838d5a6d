"""Certificates that are swapped a thousand times under load, rightly and wrongly: no handshake fails."""

import os
import shutil
import socket
import ssl
import threading
import time

SWAPS = 1000


def check(world):
    that = world.that
    good = [world.certificate(f"v{number}", "site.test") for number in range(4)]
    expired = world.folder / "expired.pem"
    world.bed.run(
        "openssl", "x509", "-in", good[0][0], "-signkey", good[0][1], "-days", "-1", "-out", expired, expect=None
    )
    secret = world.folder / "secret"
    secret.mkdir()
    live = secret / "tls.crt", secret / "tls.key"
    number = 0

    def kubernetes(pair):
        """As the kubelet does: a folder for each version, `..data` as a link to it."""
        nonlocal number
        number += 1
        folder = secret / f"..v{number}"
        folder.mkdir()
        shutil.copy(pair[0], folder / "tls.crt")
        shutil.copy(pair[1], folder / "tls.key")
        (secret / "..tmp").symlink_to(folder.name)
        os.rename(secret / "..tmp", secret / "..data")
        if number > 1:
            shutil.rmtree(secret / f"..v{number - 1}", ignore_errors=True)
        for path in live:
            if not path.is_symlink():
                path.unlink(missing_ok=True)
                path.symlink_to(f"..data/{path.name}")

    def renamed(pair):
        for source, target in zip(reversed(pair), reversed(live)):
            shutil.copy(source, secret / "next")
            os.rename(secret / "next", target)

    def half_written(pair):
        live[0].unlink()
        live[0].write_text(pair[0].read_text()[:300])

    def wrong_key(pair):
        shutil.copy(good[0][0], secret / "next")
        os.rename(secret / "next", live[0])
        shutil.copy(good[1][1], secret / "next")
        os.rename(secret / "next", live[1])

    def outdated(pair):
        shutil.copy(expired, secret / "next")
        os.rename(secret / "next", live[0])

    kubernetes(good[0])
    port = world.bed.ports()
    weir = world.weir(
        f"listeners: [{{name: echo, bind: '127.0.0.1:{port}', echo: {{}}, tls: {{certificates: [{world.pair(live)}]}}}}]\n"
    )
    context = ssl.create_default_context(cafile=str(world.ca))
    over = threading.Event()
    failures, served = [], []

    def load():
        while not over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
                    with context.wrap_socket(plain, server_hostname="site.test") as client:
                        client.sendall(b"ping")
                        if client.recv(4) != b"ping":
                            raise OSError("wrong bytes")
                served.append(client.version())
            except OSError as error:
                failures.append(str(error))

    threads = [threading.Thread(target=load, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    ways = [kubernetes, renamed, half_written, renamed, wrong_key, kubernetes, outdated, renamed]
    try:
        for swap in range(SWAPS):
            before = len(served)
            ways[swap % len(ways)](good[swap % len(good)])
            # Some follow each other at once, and some stay until the daemon has seen them.
            pause = 0.5 if swap % 50 == 0 else 0.01
            deadline = time.monotonic() + 20
            time.sleep(pause)
            while len(served) == before and time.monotonic() < deadline:
                time.sleep(0.005)
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    that(not failures, f"no handshake of {len(served)} failed during {SWAPS} swaps", failures[:3])
    that(len(served) > SWAPS, "there was load", len(served))
    kubernetes(good[3])
    fingerprint = ssl.PEM_cert_to_DER_cert(good[3][0].read_text())

    def shown():
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            with context.wrap_socket(plain, server_hostname="site.test") as client:
                return client.getpeercert(binary_form=True)

    deadline = time.monotonic() + 20
    while shown() != fingerprint and time.monotonic() < deadline:
        time.sleep(0.05)
    that(shown() == fingerprint, "the last one is shown")
    that(weir.process.poll() is None, "Weir still runs")
