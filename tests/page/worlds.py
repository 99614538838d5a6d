"""What the status page is tested against: the mock, or the real daemon with backends and clients of its own.

Both have the same members: `url`, `listener`, `upstream`, `backends` (two that are up at first), `break_backend`, `open_connection`,
`fail_a_connection`, `stop`, `start_again` (at the same address) and `close`.
"""

import json
import os
import re
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

PATIENCE = 30  # seconds; only a hang takes that long
MOCK = Path(__file__).resolve().parent / "mock_daemon.py"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait_until(condition, what):
    """The first value of `condition()` that is true. Polls, because what is waited for is in another process."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        value = condition()
        if value:
            return value
        threading.Event().wait(0.02)
    raise AssertionError(f"waited {PATIENCE} s in vain: {what}")


def end_process(process):
    """Ends what a test started: by SIGTERM, or by SIGKILL where that does nothing."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class World:
    """What both have in common: they are asked over HTTP."""

    url = ""

    def request(self, path, method="GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with DIRECT.open(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def set_fault(self):
        fault = {"name": "slow", "for": "10m", "percent": 1, "latency": {"delay": "1ms"}}
        self.request(f"api/v1/listeners/{self.listener}/faults", "POST", fault)

    def state_of(self, backend):
        for upstream in self.request("api/v1/status")["upstreams"]:
            for each in upstream["backends"]:
                if (upstream["name"], each["name"]) == (self.upstream, backend):
                    return each["state"]
        raise AssertionError(f"no backend {backend}")


class MockWorld(World):
    is_mock = True
    upstream = "postgres"
    listener = "db"
    backends = ["10.0.0.5:5432", "10.0.0.8:5432"]

    def __init__(self, *arguments):
        self._arguments = arguments
        self._start(0)

    def _start(self, port):
        command = [sys.executable, "-B", str(MOCK), "--port", str(port), *self._arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            self.close()
            raise AssertionError("the mock did not start")

    def break_backend(self, backend):
        self.request(f"mock/break/{self.upstream}/{backend}", "POST")

    def open_connection(self):
        """The client's address, and a function that says whether the connection is over."""
        live = "api/v1/connections?sort=kept&limit=1000"
        chosen = self.request(live)["connections"][0]
        return chosen["client"], lambda: chosen["id"] not in [each["id"] for each in self.request(live)["connections"]]

    def open_slow_connection(self):
        pass  # it has some

    def fail_a_connection(self):
        pass  # some fail all the time

    def stop(self):
        end_process(self._process)
        self._process.stdout.close()

    def start_again(self):
        self._start(int(self.url.rstrip("/").rpartition(":")[2]))

    def close(self):
        self.stop()


class EchoBackend:
    """A TCP echo on a port of its own, until it is ended; then connects to it are refused."""

    class _Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_):
            pass  # a client that resets its connection is no error here

    class _Handler(socketserver.BaseRequestHandler):
        def handle(self):
            while data := self.request.recv(65536):
                self.request.sendall(data)

    def __init__(self):
        self._server = self._Server(("127.0.0.1", 0), self._Handler)
        self.name = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def end(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Traffic:
    """Clients that come, say something, hear it again and go, one after the other."""

    def __init__(self, port):
        self._port = port
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ended.wait(0.02):
            try:
                with socket.create_connection(("127.0.0.1", self._port), PATIENCE) as client:
                    client.sendall(b"x" * 2000)
                    client.recv(65536)
            except OSError:
                pass  # the daemon or the backend has been stopped

    def end(self):
        self._ended.set()
        self._thread.join()


class RealWorld(World):
    is_mock = False
    upstream = "main"
    listener = "front"

    def __init__(self, program):
        self._program = program
        self._folder = tempfile.TemporaryDirectory(prefix="weir-page-")
        self._clients, self._traffic, self._process = [], [], None
        self._echoes = [EchoBackend() for _ in range(3)]
        self.backends = [echo.name for echo in self._echoes[:2]]
        try:
            self._start("127.0.0.1:0")
            self.open_connection()
        except BaseException:
            self.close()
            raise

    def _start(self, admin):
        folder = Path(self._folder.name)
        main, other = self._echoes[:2], self._echoes[2:]
        checks = "health: {interval: 200ms, fall: 1, rise: 1}"
        (folder / "weir.yaml").write_text(
            f"""\
drain_timeout: 0s
access_log: {{file: {folder}/records}}
admin: {{bind: "{admin}"}}
faults: {{}}
listeners:
  - {{name: front, bind: "127.0.0.1:0", proxy: {{upstream: main}}}}
  - {{name: side, bind: "127.0.0.1:0", proxy: {{upstream: other}}}}
upstreams:
  - name: main
    servers: [{", ".join(f'{{address: "{echo.name}"}}' for echo in main)}]
    {checks}
  - name: other
    servers: [{", ".join(f'{{address: "{echo.name}"}}' for echo in other)}]
    {checks}
"""
        )
        log_path = folder / "log"
        with open(log_path, "wb") as log:
            self._process = subprocess.Popen([self._program, "run", "-c", folder / "weir.yaml"], stdin=subprocess.DEVNULL, stderr=log)

        def said(pattern):
            def find():
                text = log_path.read_text()
                if self._process.poll() is not None:
                    raise AssertionError(f"the daemon ended with {self._process.returncode}:\n{text}")
                return re.search(pattern, text)

            return wait_until(find, f"the daemon says {pattern}")[1]

        self.url = "http://" + said(r"admin endpoint on http://([^\s/]+)") + "/"
        self._port = int(said(r"listening on 127\.0\.0\.1:(\d+) listener=front"))
        side = int(said(r"listening on 127\.0\.0\.1:(\d+) listener=side"))
        wait_until(lambda: all(self.state_of(name) == "up" for name in self.backends), "the backends are up")
        self._traffic = [Traffic(self._port), Traffic(side)]

    def _connect(self):
        client = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
        self._clients.append(client)
        client.sendall(b"hello")
        client.recv(16)
        return client

    def break_backend(self, backend):
        next(echo for echo in self._echoes if echo.name == backend).end()

    def open_connection(self):
        client = self._connect()

        def is_over():
            try:
                return client.recv(16) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        return "{}:{}".format(*client.getsockname()), is_over

    def open_slow_connection(self):
        """A client that takes nothing of what it is sent, until nobody keeps any more for it."""
        client = self._connect()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(1)
        try:
            for _ in range(4096):
                client.sendall(b"x" * 65536)
        except TimeoutError:
            pass

    def fail_a_connection(self):
        client = self._connect()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() sends a RST
        client.close()

    def stop(self):
        for each in self._traffic:
            each.end()
        self._traffic = []
        if self._process is not None:
            end_process(self._process)

    def start_again(self):
        self._start(self.url.removeprefix("http://").rstrip("/"))

    def close(self):
        self.stop()
        for client in self._clients:
            client.close()
        for echo in self._echoes:
            echo.end()
        self._folder.cleanup()


def make_world(*arguments):
    """The real daemon where WEIR_PAGE_PROGRAM names it, else the mock with these arguments."""
    program = os.environ.get("WEIR_PAGE_PROGRAM")
    return RealWorld(program) if program else MockWorld(*arguments)
