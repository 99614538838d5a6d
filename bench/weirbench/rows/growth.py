"""How the cost of a request and the memory of a connection grow with the number of connections."""

from weirbench.echoes import backend
from weirbench.holder import Holder
from weirbench.load import run_load
from weirbench.proc_figures import pss_bytes, tree
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row

PEERS = ["weir", "haproxy", "nginx", "epoll"]


def measure(setting, peer, connections):
    with backend(setting) as echo, proxy(setting, peer, echo.port) as serving:
        with Holder(serving.port, 1) as first:
            first.exchange(64)  # what is set up once belongs to no connection
        before = pss_bytes(tree(serving.pid))
        outcome = run_load(setting, "echo", serving, ["-c", connections], with_pss=True)
    return {"cpu_us": outcome.cpu * 1e6 / outcome.report["requests"]["completed"],
            "pss": (outcome.pss - before) / connections}


def cells(setting):
    return [Cell(f"{count} × 64 B", PEERS, lambda peer, count=count: measure(setting, peer, count),
                 {"connections": count}, setting.lacks_descriptors(count))
            for count in setting.few((64, 250, 1000, 4000, 8000), (64, 2000))]


ROW = Row(
    "growth", "cost as connections grow",
    "The same requests over more and more connections; memory is taken while they work.",
    (Metric("cpu_us", "CPU µs/request", digits=2), Metric("pss", "B/connection at work", digits=0)),
    cells)
