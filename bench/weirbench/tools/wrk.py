"""wrk and a web server."""

import contextlib
import re
import shutil

from weirbench.failures import NotServed
from weirbench.peer_files import write_configuration
from weirbench.ports import free_port, wait_listening

OPERATIONS = "HTTP requests"
CONNECTIONS = 64


def why_not():
    """Why this tool cannot take part, or an empty string."""
    absent = [program for program in ("wrk", "nginx") if not shutil.which(program)]
    return f"{' and '.join(absent)} not installed" if absent else ""


@contextlib.contextmanager
def server(setting):
    port = free_port()
    configuration = write_configuration(setting, "nginx-http.conf", {"PORT": port, "FOLDER": setting.folder})
    command = ["nginx", "-p", setting.folder, "-e", "stderr", "-c", configuration]
    with setting.processes.started("nginx-http", command, setting.load_cores) as running:
        wait_listening(port, running)
        yield port


def load(setting, port):
    """Operations done and seconds taken."""
    command = ["wrk", "--threads", 1, "--connections", CONNECTIONS, "--duration", f"{max(1, round(setting.window))}s",
               f"http://127.0.0.1:{port}/"]
    return parse(setting.processes.run("wrk", command, setting.load_cores, timeout=setting.window + 30))


def parse(said):
    """Of wrk's report; raises NotServed where a request failed."""
    done = re.search(r"(\d+) requests in ([\d.]+)(ms|s|m),", said)
    if not done or re.search(r"Socket errors|Non-2xx", said) or done[1] == "0":
        raise NotServed(f"wrk: {said[-300:].strip()}")
    return int(done[1]), float(done[2]) * {"ms": 0.001, "s": 1, "m": 60}[done[3]]
