"""What the commands and configurations of the documents are tried with."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml


class Harness:
    """The programs, a folder to run them in, and a daemon with the names that the documents use."""

    def __init__(self, build):
        self.weir, self.load = build / "bin/weir", build / "bin/weir-load"
        self.folder = Path(tempfile.mkdtemp(prefix="weir-docs-"))
        self.helps, self.daemon = {}, None

    def start(self):
        frame = self.folder / "frame.yaml"
        frame.write_text(yaml.safe_dump(self.frame()))
        self.admin = f"unix:{self.folder}/admin.sock"
        with open(self.folder / "daemon.log", "w", encoding="utf-8") as log:
            self.daemon = subprocess.Popen([self.weir, "run", frame], stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while subprocess.run([self.weir, "status", self.admin], capture_output=True).returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                sys.exit("check: the daemon of the check does not start:\n" + (self.folder / "daemon.log").read_text())
            time.sleep(0.05)
        log = (self.folder / "daemon.log").read_text()
        self.echo = re.search(r"listening on (127\.0\.0\.1:\d+) listener=echo", log)[1]
        report = self.folder / "report.json"
        self.call([self.load, "echo", "-c", "2", "-d", "600ms", "--quiet", "--json", report, self.echo])
        self.report = report.read_text()

    def frame(self):
        listeners = [{"name": name, "bind": "127.0.0.1:0", "echo": {}} for name in ("echo", "web", "discard")]
        listeners += [{"name": name, "bind": "127.0.0.1:0", "proxy": {"upstream": "db"}} for name in ("db", "proxy")]
        servers = [{"address": f"10.0.0.{last}:5432"} for last in (5, 6)]
        return {"admin": {"bind": f"unix:{self.folder}/admin.sock"}, "listeners": listeners, "drain_timeout": 0,
                "faults": {}, "upstreams": [{"name": name, "servers": servers} for name in ("db", "postgres", "backend")]}

    def tls_files(self):
        """A folder with the files that configurations name in /etc/weir/tls."""
        folder = self.folder / "tls"
        if not folder.is_dir():
            folder.mkdir()
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-subj", "/CN=db.example", "-days", "2", "-keyout", folder / "tls.key",
                            "-out", folder / "tls.crt"], check=True, capture_output=True)
            for name in ("ca.crt", "clients.crt"):
                shutil.copy(folder / "tls.crt", folder / name)
            (folder / "tickets.key").write_bytes(os.urandom(80))
            (folder / "tickets.key").chmod(0o600)
        return folder

    def stop(self):
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, command, seconds=20, stop_after=None, env=None):
        """Exit status and output; a command that serves is sent SIGINT after `stop_after` seconds, twice if need be."""
        process = subprocess.Popen([str(word) for word in command], cwd=self.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   env={**os.environ, "WEIR_ADMIN": getattr(self, "admin", ""), **(env or {})})
        try:
            output, _ = process.communicate(timeout=stop_after or seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            try:
                output, _ = process.communicate(timeout=2)
            except subprocess.TimeoutExpired:
                process.kill()
                output, _ = process.communicate()
            if stop_after:
                return 0, output
            return 124, output + "\nstill runs"
        return process.returncode, output

    def help_of(self, program, verb):
        key = (program, verb)
        if key not in self.helps:
            self.helps[key] = self.call([program, "help"] + ([verb] if verb else []))[1]
        return self.helps[key]
