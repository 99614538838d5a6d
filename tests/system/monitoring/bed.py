"""A real Prometheus that scrapes real daemons and load clients, some of them in trouble."""

import contextlib
import json
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

import shape

ECHO = """
admin: {bind: "127.0.0.1:0"}
log: {file: "-"}
access_log: {enabled: false}
listeners:
  - {name: one, bind: "127.0.0.1:0", echo: {}}
  - {name: two, bind: "127.0.0.1:0", echo: {}}
"""
HEALTHY = """
admin: {{bind: "127.0.0.1:0"}}
access_log: {{enabled: false}}
listeners:
  - {{name: db, bind: "127.0.0.1:0", proxy: {{upstream: pool}}}}
upstreams:
  - name: pool
    servers: [{{address: "{one}", max_connections: 500}}, {{address: "{two}"}}]
    health: {{interval: 200ms}}
"""
# `gone` is an address where nobody listens.
SICK = """
admin: {{bind: "127.0.0.1:0"}}
faults: {{}}
access_log: {{enabled: false}}
listeners:
  - {{name: refused, bind: "127.0.0.1:0", proxy: {{upstream: refused}}}}
  - {{name: ejected, bind: "127.0.0.1:0", proxy: {{upstream: ejected}}}}
  - {{name: down, bind: "127.0.0.1:0", proxy: {{upstream: down}}}}
  - {{name: spare, bind: "127.0.0.1:0", proxy: {{upstream: spare}}}}
  - {{name: narrow, bind: "127.0.0.1:0", proxy: {{upstream: narrow}}}}
  - {{name: strict, bind: "127.0.0.1:0", faults: [{{name: slow, latency: {{delay: 1ms}}}}], limits: {{rate: 1/s}}, echo: {{}}}}
  - {{name: forgotten, bind: "127.0.0.1:0", echo: {{}}}}
upstreams:
  - {{name: refused, servers: [{{address: "{gone}"}}], connect: {{attempts: 1}}}}
  - {{name: ejected, servers: [{{address: "{gone}"}}, {{address: "{one}"}}], eject: {{failures: 1, for: 1h}}}}
  - {{name: down, servers: [{{address: "{gone}"}}], health: {{interval: 200ms, fall: 1}}, queue: {{timeout: 200ms}}}}
  - name: spare
    servers: [{{address: "{gone}"}}, {{address: "{one}", backup: true}}]
    health: {{interval: 200ms, fall: 1}}
  - name: narrow
    servers: [{{address: "{one}", max_connections: 2}}]
    queue: {{size: 3, timeout: 0s}}
"""
# Nothing bounds the connections but descriptors.
TIGHT = """
admin: {bind: "127.0.0.1:0"}
access_log: {enabled: false}
workers: 1
limits: {connections: 0}
listeners:
  - {name: echo, bind: "127.0.0.1:0", echo: {}}
"""
SMALL = """
admin: {bind: "127.0.0.1:0"}
access_log: {enabled: false}
limits: {connections: 5}
listeners:
  - {name: echo, bind: "127.0.0.1:0", echo: {}}
"""
# `certificate` is for site.test and its own authority, and ends in two days.
SECURE = """
admin: {{bind: "127.0.0.1:0"}}
access_log: {{enabled: false}}
listeners:
  - name: secure
    bind: "127.0.0.1:0"
    tls: {{certificates: [{{certificate: "{certificate}", key: "{key}"}}]}}
    echo: {{}}
"""
# `secure` is the listener of that one.
ONWARD = """
admin: {{bind: "127.0.0.1:0"}}
access_log: {{enabled: false}}
listeners:
  - {{name: trusting, bind: "127.0.0.1:0", proxy: {{upstream: trusted}}}}
  - {{name: wary, bind: "127.0.0.1:0", proxy: {{upstream: untrusted}}}}
upstreams:
  - {{name: trusted, servers: [{{address: "{secure}"}}], tls: {{ca: "{certificate}", name: site.test}}}}
  - {{name: untrusted, servers: [{{address: "{secure}"}}], tls: {{ca: "{certificate}", name: other.test}}}}
"""


def make_certificate(folder):
    """Its path and that of its key."""
    certificate, key = folder / "site.crt", folder / "site.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=site.test", "-addext", "subjectAltName=DNS:site.test",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def fail(what):
    raise SystemExit(f"dashboards: {what}")


def fetch(url, data=None, headers=None):
    request = urllib.request.Request(url, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read().decode()
    except urllib.error.HTTPError as error:
        fail(f"{url}: {error.code}: {error.read().decode()}")


class Program:
    """A process that ends with the test, whatever becomes of it, and whose stderr is a file."""

    def __init__(self, folder, name, command):
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self, pattern, seconds=20):
        """What the program says that matches the pattern, once it has said it."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.log.read_text())):
            if self.process.poll() is not None or time.monotonic() > end:
                fail(f"{self.name} has not said {pattern}: {self.log.read_text()}")
            time.sleep(0.02)
        return found[1]

    def end(self, how=signal.SIGTERM):
        """The second one in case that it drains: connections may live as long as they like."""
        for each in (how, signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            self.process.send_signal(each)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(3)


class Weir(Program):
    def __init__(self, folder, name, programs, config, limit=()):
        file = folder / f"{name}.yaml"
        file.write_text(config)
        super().__init__(folder, name, [*limit, programs / "weir", "run", file])
        self.said(r"(ready): \d+ listeners?")
        self.admin = self.said(r"admin endpoint on http://(\S+)")

    def listener(self, name):
        return self.said(rf"listening on (\S+) listener={name}\n")

    def act(self, path):
        fetch(f"http://{self.admin}/api/v1/{path}", b"", {"Content-Type": "application/json"})


class Load(Program):
    def __init__(self, folder, name, programs, verb, target, *options):
        command = [programs / "weir-load", verb, target, "--prometheus", "127.0.0.1:0", *options]
        super().__init__(folder, name, command)
        self.admin = self.said(r"metrics on (\S+), GET")


class Prometheus(Program):
    """Runs deploy/prometheus/prometheus.yml, with targets of its own and short intervals."""

    def __init__(self, folder, binary):
        self.file = folder / "prometheus.yml"
        self.scrape({})
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.address = "127.0.0.1:%d" % free.getsockname()[1]
            super().__init__(folder, "prometheus", [
                binary, f"--config.file={self.file}", f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self.address}"])
            end = time.monotonic() + 30
            while self.process.poll() is None and time.monotonic() < end:
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=5).close()
                    return
                time.sleep(0.05)
            # Another program may have taken the port since.
            if "address already in use" not in self.log.read_text():
                break
        self.end()
        fail(f"Prometheus did not start: {self.log.read_text()[-2000:]}")

    def scrape(self, targets):
        """From now on those of each job."""
        source = shape.RULES.parent / "prometheus.yml"
        config = yaml.safe_load(source.read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(source.parent / file) for file in config["rule_files"]]
        for job in config["scrape_configs"]:
            job["static_configs"] = [{"targets": targets.get(job["job_name"], [])}]
        self.file.write_text(yaml.safe_dump(config))
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGHUP)

    def ask(self, path, **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        return json.loads(fetch(f"http://{self.address}/api/v1/{path}?{query}"))["data"]

    def instant(self, expression):
        return self.ask("query", query=expression)["result"]

    def over_time(self, expression):
        """The last minute, as a panel asks for it."""
        now = time.time()
        return self.ask("query_range", query=expression, start=now - 60, end=now, step=1)["result"]


class Clients:
    """Connections that are held open."""

    def __init__(self):
        self.held = []

    def knock(self, address):
        """One that comes and goes, if it gets in at all."""
        with contextlib.suppress(OSError), self.connect(address) as client:
            client.settimeout(0.2)
            client.sendall(b"hello")
            client.recv(5)

    def knock_in_tls(self, address, trusted):
        """The same in TLS. One without the file of an authority that it trusts ends the handshake with an alert."""
        context = ssl.create_default_context(cafile=trusted)
        with contextlib.suppress(OSError), self.connect(address) as client:
            client.settimeout(5)
            with context.wrap_socket(client, server_hostname="site.test") as secured:
                secured.sendall(b"hello")
                secured.recv(5)

    def hold(self, address, number):
        for _ in range(number):
            with contextlib.suppress(OSError):
                self.held.append(self.connect(address))

    def leave(self):
        for client in self.held:
            client.close()
        self.held.clear()

    @staticmethod
    def connect(address):
        host, port = address.rsplit(":", 1)
        return socket.create_connection((host, int(port)), timeout=5)
