"""Runs the checks of Toxiproxy's API against a daemon of their own; tests/system/toxiproxy calls it."""
import argparse
import http.client
import json
import re
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
import clients  # noqa: E402

CONFIG = "faults: {api: {bind: '127.0.0.1:0', create: true}}\n" \
         "access_log: {enabled: false}\n" \
         "listeners: [{name: unrelated, bind: '127.0.0.1:0', echo: {}}]\n"


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while data := self.request.recv(65536):
                self.request.sendall(data)
        except OSError:
            pass


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


class Site:
    """A daemon with Toxiproxy's API, and a server behind it that echoes."""

    def __init__(self, program, folder):
        self.server = EchoServer(("127.0.0.1", 0), Echo)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.echo = f"localhost:{self.server.server_address[1]}"
        config = Path(folder, "weir.yaml")
        config.write_text(CONFIG)
        self.log = Path(folder, "log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen([program, "run", config], stderr=log, stdout=log)
        self.api_port = self.wait_for_api()

    def wait_for_api(self):
        for _ in range(400):
            found = re.search(r"Toxiproxy's API on http://127\.0\.0\.1:(\d+)", self.log.read_text())
            if found and " ready: " in self.log.read_text():
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError("the daemon did not start:\n" + self.log.read_text())

    def remove_all(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=clients.WAIT)
        connection.request("GET", "/proxies")
        for name in json.loads(connection.getresponse().read()):
            connection.request("DELETE", f"/proxies/{name}")
            connection.getresponse().read()

    def stop(self):
        self.process.terminate()
        status = self.process.wait(timeout=60)
        self.server.shutdown()
        return status


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--package", help="a folder whose node_modules has toxiproxy-node-client")
    options = parser.parse_args()
    passed = failed = 0

    def count(name, run):
        nonlocal passed, failed
        try:
            run()
            passed += 1
        except Exception:  # whatever it is, the others are still to run
            failed += 1
            print(f"FAILED: {name}\n{traceback.format_exc()}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(options.programs, "weir"), folder)
        for check in clients.CHECKS:
            count(check.__name__, lambda check=check: check(site))
            site.remove_all()
        if options.package:
            script = Path(__file__).with_name("javascript.mjs")
            count("the JavaScript client", lambda: subprocess.run(
                ["node", script, options.package, f"http://127.0.0.1:{site.api_port}"], check=True, timeout=300))
        count("the end", lambda: clients.expect(0, site.stop()))
        if failed:
            print(site.log.read_text())
    skipped = "" if options.package else ", 1 skipped"
    print(f"{passed} passed, {failed} failed{skipped}")
    return 1 if failed else 0


sys.exit(main())
