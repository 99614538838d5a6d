"""redis-benchmark and Redis."""

import contextlib
import csv
import shutil

from weirbench.failures import NotServed
from weirbench.ports import free_port, wait_listening

OPERATIONS = "Redis GETs"
CLIENTS = 50


def why_not():
    """Why this tool cannot take part, or an empty string."""
    absent = [program for program in ("redis-benchmark", "redis-server") if not shutil.which(program)]
    return f"{' and '.join(absent)} not installed" if absent else ""


@contextlib.contextmanager
def server(setting):
    port = free_port()
    command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
               setting.folder]
    with setting.processes.started("redis", command, setting.load_cores) as running:
        wait_listening(port, running)
        yield port


def load(setting, port):
    """Operations done and seconds taken."""
    count = setting.few(200_000, 30_000)
    command = ["redis-benchmark", "-h", "127.0.0.1", "-p", port, "-t", "get", "-c", CLIENTS, "-n", count, "--csv"]
    rate = parse(setting.processes.run("redis-benchmark", command, setting.load_cores, timeout=60))
    return count, count / rate


def parse(said):
    """GETs a second, of redis-benchmark's CSV."""
    for row in csv.reader(said.splitlines()):
        if len(row) > 1 and row[0] == "GET" and float(row[1]) > 0:
            return float(row[1])
    raise NotServed(f"redis-benchmark: {said[-300:].strip()}")
