"""Streams through a proxy, as fast as they can go."""

import shutil

from weirbench.iperf import DIRECTIONS, WARMUP, iperf_server, run_iperf
from weirbench.proc_figures import cpu_seconds, tree
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row

PEERS = ["weir", "haproxy", "haproxy-splice", "nginx", "epoll"]
STREAMS = (1, 8)
QUICK = ((1, "to the server"),)
GIGABYTE = 1e9


def measure(setting, peer, streams, direction):
    with iperf_server(setting) as server, proxy(setting, peer, server) as serving:
        run_iperf(setting, serving.port, streams, direction, ["--bytes", WARMUP])
        pids = tree(serving.pid)
        before = cpu_seconds(pids)
        # iperf3 takes whole seconds.
        size, bits = run_iperf(setting, serving.port, streams, direction, ["--time", max(1, round(setting.window))])
        cpu = cpu_seconds(pids) - before
    return {"cpu_s": cpu / (size / GIGABYTE), "gbit": bits / 1e9}


def cells(setting):
    wanted = setting.few([(streams, direction) for streams in STREAMS for direction in DIRECTIONS], QUICK)
    missing = "" if shutil.which("iperf3") else "iperf3 is not installed"
    return [Cell(f"{streams} stream{'s' if streams > 1 else ''} {direction}", PEERS,
                 lambda peer, streams=streams, direction=direction: measure(setting, peer, streams, direction),
                 {"streams": streams, "direction": direction}, missing)
            for streams, direction in wanted]


ROW = Row(
    "bulk", "streams through a proxy (iperf3)",
    "What a gigabyte (10^9 bytes) costs the proxy. The epoll yardstick copies here.",
    (Metric("cpu_s", "CPU s/GB", digits=3), Metric("gbit", "Gbit/s", "more", 1)),
    cells, before=True)
