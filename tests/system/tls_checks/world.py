"""What every check of TLS needs: an authority and the certificates that it signs, Weir with a configuration of the
check's own, and ways to talk through the command-line clients of others."""

import hashlib
import json
import os
import select
import socket
import subprocess
import threading
import time

from recipe_checks.testbed import PROGRAMS, Failed, accepts, wait_until

GOLDEN = False  # write golden files instead of comparing with them

REQUEST = """[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
[client]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
"""


class World:
    """`site.test` is what Weir serves, `backend.test` what stands behind it."""

    def __init__(self, bed):
        self.bed = bed
        self.that = bed.count.that
        self.folder = bed.folder
        self.ca = self.folder / "ca.pem"
        self._make("ca", "weir check authority", "authority")
        self.site = self.certificate("site", "site.test")
        self.backend = self.certificate("backend", "backend.test")

    def certificate(self, stem, name, names=None, kind="server", rsa=False):
        """The paths of a certificate for a name that the authority has signed, and of its key."""
        return self._make(stem, name, kind, names or f"DNS:{name}", rsa)

    def _make(self, stem, name, kind, names="DNS:none.test", rsa=False):
        config = self.folder / f"{stem}.cnf"
        certificate, key = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        config.write_text(REQUEST.format(name=name, names=names))
        signer = [] if kind == "authority" else ["-CA", self.ca, "-CAkey", self.folder / "ca.key"]
        new = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        self.bed.run(
            "openssl", "req", "-x509", "-config", config, "-extensions", kind, "-days", "90", "-nodes", "-newkey", *new,
            "-keyout", key, "-out", certificate, *signer,
        )  # fmt: skip
        return certificate, key

    def pair(self, pair=None, more=""):
        """An entry of `certificates`."""
        certificate, key = pair or self.site
        return f"{{certificate: {certificate}, key: {key}{more}}}"

    def listener(self, more=""):
        """A listener's `tls:` with the certificate of site.test."""
        return f"tls: {{certificates: [{self.pair()}]{', ' + more if more else ''}}}"

    def upstream(self, more=""):
        """An upstream's `tls:` that expects backend.test."""
        return f"tls: {{ca: {self.ca}, name: backend.test{', ' + more if more else ''}}}"

    def weir(self, yaml, name="weir"):
        return Weir(self.bed, yaml, name)

    def echo(self, more="", listener="", name="weir"):
        """Weir as an echo that speaks TLS, and its port."""
        port = self.bed.ports()
        entries = self.listener(more) + (", " + listener if listener else "")
        return self.weir(f"listeners: [{{name: echo, bind: '127.0.0.1:{port}', echo: {{}}, {entries}}}]\n", name), port

    def proxy(self, backend, listener="", upstream="", name="weir"):
        """Weir as a proxy to a port, and its own port."""
        port = self.bed.ports()
        yaml = (
            f"listeners: [{{name: front, bind: '127.0.0.1:{port}', proxy: {{upstream: back}}"
            f"{', ' + listener if listener else ''}}}]\n"
            f"upstreams: [{{name: back, servers: [{{address: '127.0.0.1:{backend}'}}]"
            f"{', ' + upstream if upstream else ''}}}]\n"
        )
        return self.weir(yaml, name), port

    def plain_echo(self):
        """A plain echo server of this script, and its port. Ends a connection once the client has."""
        listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.bed.at_end.append(listening.close)

        def serve(connection):
            with connection:
                try:
                    while chunk := connection.recv(65536):
                        connection.sendall(chunk)
                except OSError:
                    pass

        def accept():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listening.getsockname()[1]

    def server(self, name, port, *command, **more):
        """Starts another program's server and waits until it accepts."""
        process = self.bed.start(name, *command, **more)
        wait_until(lambda: process.poll() is not None or accepts(port), f"{name} accepts")
        if process.poll() is not None:
            raise Failed(f"{name} exited:\n{self.bed.log(name)}")
        return process

    def talk(self, command, *steps, close=True):
        """Runs a client that sends its stdin and prints what comes: for each step (what to send, what to wait for) in
        turn. Returns all that it printed."""
        client = subprocess.Popen(
            [str(part) for part in command],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        seen = b""
        try:
            for send, expected in steps:
                start = len(seen)
                if send:
                    try:
                        client.stdin.write(send.encode())
                    except BrokenPipeError:
                        pass
                deadline = time.monotonic() + 20
                while expected.encode() not in seen[start:]:
                    ready, _, _ = select.select([client.stdout], [], [], max(0, deadline - time.monotonic()))
                    chunk = os.read(client.stdout.fileno(), 65536) if ready else b""
                    if not chunk:
                        return seen.decode(errors="replace") + f"\n[it ended without {expected!r}]"
                    seen += chunk
            if close:
                client.stdin.close()
                try:
                    client.wait(5)
                except subprocess.TimeoutExpired:
                    pass
        finally:
            if client.poll() is None:
                client.kill()
            client.wait()
            seen += client.stdout.read() or b""
        return seen.decode(errors="replace")

    def pump(self, command, data, size=None):
        """Sends bytes through a client and reads as many back, or `size`, both at once; the digests of both."""
        client = subprocess.Popen(
            [str(part) for part in command],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

        def feed():
            try:
                client.stdin.write(data)
                client.stdin.flush()
            except BrokenPipeError:
                pass

        watchdog = threading.Timer(60, client.kill)
        watchdog.start()
        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        got = client.stdout.read(len(data) if size is None else size)
        client.kill()
        client.wait()
        watchdog.cancel()
        return hashlib.sha256(got).hexdigest(), hashlib.sha256(data).hexdigest(), len(got)


class Weir:
    """`weir run` with this configuration; its admin endpoint and records say what it does."""

    def __init__(self, bed, yaml, name):
        self.bed = bed
        self.name = name
        self.records_file = bed.folder / f"{name}.records"
        self.admin = bed.ports()
        self.file = bed.folder / f"{name}.yaml"
        self.file.write_text(
            f"admin: {{bind: '127.0.0.1:{self.admin}'}}\nworkers: 2\n"
            f"access_log: {{format: json, file: {self.records_file}}}\n{yaml}"
        )
        self.checked = bed.run(PROGRAMS / "weir", "check", self.file)
        self.process = bed.start(name, PROGRAMS / "weir", "run", self.file)
        wait_until(lambda: " ready: " in bed.log(name) or self.process.poll() is not None, "Weir is ready")
        if self.process.poll() is not None:
            raise Failed(f"weir run exited:\n{bed.log(name)}")

    def records(self):
        lines = self.records_file.read_text().splitlines() if self.records_file.exists() else []
        return [json.loads(line) for line in lines]

    def wait_for_record(self, what, wanted=lambda record: True):
        return wait_until(
            lambda: next((record for record in reversed(self.records()) if wanted(record)), None), f"a record of {what}"
        )

    def ends(self):
        return [record["end"] for record in self.records()]


def pattern(size):
    """Bytes in an order that a loss, a swap and a repeat show in."""
    block = b"".join(hashlib.sha256(number.to_bytes(8, "big")).digest() for number in range(size // 32 + 1))
    return block[:size]
