"""pgbench and PostgreSQL, with a database of its own in the temporary folder."""

import contextlib
import os
import pwd
import re
import shutil
import time
from pathlib import Path

from weirbench.failures import NotServed
from weirbench.ports import free_port, wait_listening

OPERATIONS = "PostgreSQL reads"
CLIENTS = 16
SCALE = 1
# As fast as a database gets that nobody will miss.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "64MB"}


def why_not():
    """Why this tool cannot take part, or an empty string."""
    if not shutil.which("pgbench") or not _server_programs():
        return "postgresql not installed"
    if os.geteuid() == 0 and not _user():
        return "PostgreSQL refuses to run as root and there is no user postgres"
    return ""


def _server_programs():
    """The folder of the newest server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


def _user():
    """Whom the server runs as: not root; None is ourselves."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return None


@contextlib.contextmanager
def server(setting):
    port, programs, user = free_port(), _server_programs(), _user()
    folder = setting.folder / f"{port}-postgres"
    folder.mkdir()
    if user:
        shutil.chown(folder, user)
    run = setting.processes.run
    data = folder / "data"
    run("initdb", [programs / "initdb", "-D", data, "-U", "weir", "-A", "trust", "--no-sync"], setting.load_cores,
        timeout=60, user=user)
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    command = [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", port, "-k", folder, *options]
    with setting.processes.started("postgres", command, setting.load_cores, user=user) as running:
        wait_listening(port, running)
        _wait_ready(setting, programs, port)
        run("pgbench-init", ["pgbench", "-i", "-q", "-s", SCALE, *_address(port)], setting.load_cores, timeout=60)
        yield port
    shutil.rmtree(folder, ignore_errors=True)


def _wait_ready(setting, programs, port):
    """It listens a moment before it answers."""
    for _ in range(100):
        with contextlib.suppress(NotServed):
            setting.processes.run("pg_isready", [programs / "pg_isready", "-t", 5, "-h", "127.0.0.1", "-p", port],
                                  setting.load_cores, timeout=10)
            return
        time.sleep(0.1)
    raise NotServed("PostgreSQL did not get ready")


def _address(port):
    return ["-h", "127.0.0.1", "-p", port, "-U", "weir", "postgres"]


def load(setting, port):
    """Operations done and seconds taken."""
    seconds = max(1, round(setting.window))
    command = ["pgbench", "-n", "-S", "-c", CLIENTS, "-j", 1, "-T", seconds, *_address(port)]
    return parse(setting.processes.run("pgbench", command, setting.load_cores, timeout=seconds + 30)), seconds


def parse(said):
    """Transactions done, of pgbench's report; raises NotServed where one failed."""
    done = re.search(r"transactions actually processed: (\d+)", said)
    failed = re.search(r"failed transactions: (\d+)", said)
    if not done or done[1] == "0" or (failed and failed[1] != "0"):
        raise NotServed(f"pgbench: {said[-300:].strip()}")
    return int(done[1])
