"""Runs of iperf3 through a proxy."""

import contextlib
import json

from weirbench.failures import NotServed
from weirbench.ports import free_port, wait_listening

DIRECTIONS = {"to the server": [], "to the client": ["-R"], "both ways": ["--bidir"]}
WARMUP = "64M"


@contextlib.contextmanager
def iperf_server(setting):
    """An iperf3 server on the cores of the load; gives its port."""
    port = free_port()
    command = ["iperf3", "--server", "--bind", "127.0.0.1", "--port", port]
    with setting.processes.started("iperf3-server", command, setting.load_cores) as running:
        wait_listening(port, running)
        yield port


def run_iperf(setting, port, streams, direction, length):
    """Bytes that arrived and bits a second; `length` is iperf3's option for how long, and its value."""
    command = ["iperf3", "--client", "127.0.0.1", "--port", port, "--parallel", streams, "--json",
               *DIRECTIONS[direction], *length]
    text = setting.processes.run("iperf3", command, setting.load_cores, timeout=setting.window + 30)
    return arrived(json.loads(text))


def arrived(report):
    """Bytes and bits a second that reached the other end, of iperf3's JSON report; raises NotServed if it failed."""
    if "error" in report:
        raise NotServed(f"iperf3: {report['error']}")
    ends = [report["end"][key] for key in ("sum_received", "sum_received_bidir_reverse") if key in report["end"]]
    if not ends or any(end["bytes"] == 0 for end in ends):
        raise NotServed("iperf3: a direction carried nothing")
    return sum(end["bytes"] for end in ends), sum(end["bits_per_second"] for end in ends)
