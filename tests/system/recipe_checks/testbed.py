"""What every recipe's checks need: real servers on free loopback ports with their data in a temporary folder, Weir with
the recipe's own file, and a count of what held. Whatever is started here ends with the bed."""

import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
RECIPES = ROOT / "docs" / "recipes"
PROGRAMS = Path(os.environ.get("WEIR_BIN", ROOT / "build" / "release" / "bin"))


class Failed(Exception):
    """A step without which the recipe's other checks make no sense."""


class Count:
    """Prints each check as it is made, and counts them."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.failures = []
        self.recipe = ""

    def that(self, holds, sentence, seen=None):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            self.failures.append(f"{self.recipe}: {sentence}")
        print(f"{'ok  ' if holds else 'FAIL'} {self.recipe}: {sentence}", flush=True)
        if not holds and seen is not None:
            print(f"     seen: {str(seen)[-1500:]}", flush=True)


def wait_until(condition, what, seconds=20):
    """What `condition` answers as soon as that is true; OSErrors while it is asked mean "not yet"."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = condition()
        except OSError as error:
            answer = None
            what_failed = f": {error}"
        else:
            what_failed = ""
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failed(f"in vain for {seconds} s: {what}{what_failed}")
        time.sleep(0.05)


def accepts(port, host="127.0.0.1"):
    with socket.create_connection((host, port), timeout=2):
        return True


class Bed:
    """A temporary folder, and the processes that were started in it."""

    def __init__(self, count):
        self.count = count
        self.folder = Path(tempfile.mkdtemp(prefix="weir-recipe-"))
        self.folder.chmod(0o755)
        self.processes = []
        self.at_end = []
        self.ports_given = set()

    def close(self):
        for action in reversed(self.at_end):
            try:
                action()
            except (OSError, ValueError, Failed) as error:
                print(f"recipes: at the end: {error}", file=sys.stderr)
        for process in reversed(self.processes):
            stop(process, process.end_with)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ports(self, number=1):
        """The first of so many free ports in a row. They are below those that the kernel gives to whoever connects, so
        that nobody takes one meanwhile."""
        for _ in range(1000):
            first = random.randrange(10000, 32000)
            wanted = range(first, first + number)
            if self.ports_given.isdisjoint(wanted) and all(is_free(port) for port in wanted):
                self.ports_given.update(wanted)
                return first
        raise Failed("no free ports")

    def subfolder(self, name, user=None):
        folder = self.folder / name
        folder.mkdir(mode=0o700 if user else 0o755)
        if user:
            entry = pwd.getpwnam(user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        return folder

    def start(self, name, *command, user=None, end_with=signal.SIGTERM):
        """Starts a server, which gets that signal at the end; its output goes to NAME.log of the folder."""
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                as_user(user, command),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process.name = name
        process.end_with = end_with
        self.processes.append(process)
        return process

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def run(self, *command, user=None, expect=0, input=None, seconds=60, env=None):
        """Runs a client to its end; the exit status must be `expect`, or any if that is None."""
        try:
            done = subprocess.run(
                as_user(user, command),
                cwd=self.folder,
                input=input,
                capture_output=True,
                text=True,
                timeout=seconds,
                env=dict(os.environ, **(env or {})),
                stdin=None if input is not None else subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{' '.join(map(str, command))} ran for more than {seconds} s") from error
        if expect is not None and done.returncode != expect:
            raise Failed(f"{' '.join(map(str, command))} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def weir(self, recipe, overrides):
        return Weir(self, recipe, overrides)


class Weir:
    """`weir run docs/recipes/RECIPE.yaml`, with other addresses; its admin endpoint says what it does."""

    def __init__(self, bed, recipe, overrides):
        self.bed = bed
        self.file = RECIPES / f"{recipe}.yaml"
        self.records_file = bed.folder / "records.log"
        self.admin = f"127.0.0.1:{bed.ports()}"
        self.settings = []
        for key, value in {
            "admin.bind": self.admin,
            "access_log.file": self.records_file,
            "access_log.format": "json",
            **overrides,
        }.items():
            self.settings += ["--set", f"{key}={value}"]
        bed.run(PROGRAMS / "weir", "check", self.file)  # as it stands, whatever it warns of here
        checked = bed.run(PROGRAMS / "weir", "check", self.file, *self.settings)
        self.warnings = [
            line for line in checked.stdout.splitlines() + checked.stderr.splitlines() if "warning" in line
        ]
        self.process = bed.start("weir", PROGRAMS / "weir", "run", self.file, *self.settings)
        wait_until(lambda: " ready: " in bed.log("weir") or self.process.poll() is not None, "Weir is ready")
        if self.process.poll() is not None:
            raise Failed(f"weir run {self.file} exited:\n{bed.log('weir')}")

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=5) as answer:
            return json.load(answer)

    def status(self):
        return self.get("/api/v1/status")

    def upstream(self, name):
        return next(one for one in self.status()["upstreams"] if one["name"] == name)

    def states(self, upstream):
        """The states of an upstream's backends by their addresses."""
        return {backend["name"]: backend["state"] for backend in self.upstream(upstream)["backends"]}

    def wait_for_states(self, upstream, states, seconds=20):
        """`states` are those of the backends on 127.0.0.1 by their ports."""
        wanted = {f"127.0.0.1:{port}": state for port, state in states.items()}
        try:
            wait_until(lambda: self.states(upstream) == wanted, f"the backends of {upstream} are {wanted}", seconds)
        except Failed as failed:
            raise Failed(f"{failed}; they are {self.states(upstream)}") from failed

    def records(self):
        """Of the connections that have ended."""
        lines = self.records_file.read_text().splitlines() if self.records_file.exists() else []
        return [json.loads(line) for line in lines]

    def wait_for_record(self, what, wanted):
        """The first record for which `wanted` holds."""
        return wait_until(
            lambda: next((record for record in self.records() if wanted(record)), None), f"a record of {what}"
        )


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def as_user(user, command):
    command = [str(part) for part in command]
    if user is None or os.geteuid() != 0:
        return command
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--init-groups", *command]


def stop(process, how=signal.SIGTERM, seconds=10):
    """Ends a process that `start` started, and those of its session that it leaves behind."""
    for wait in (2, seconds):  # a second signal cuts short what the first one waits for, in Weir a drain
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                pass
    if process.poll() is None:
        print(f"recipes: {process.name} did not end within {seconds} s", file=sys.stderr)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
