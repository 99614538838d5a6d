"""Well-known tools, through a proxy."""

from weirbench.proc_figures import cpu_seconds, tree
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row
from weirbench.tools import pgbench, redis, wrk

PEERS = ["weir", "haproxy", "nginx"]
TOOLS = {"wrk": wrk, "pgbench": pgbench, "redis-benchmark": redis}


def measure(setting, peer, tool, server):
    with proxy(setting, peer, server) as serving:
        pids = tree(serving.pid)
        before = cpu_seconds(pids)
        done, seconds = tool.load(setting, serving.port)
        cpu = cpu_seconds(pids) - before
    return {"cpu_us": cpu * 1e6 / done, "rate": done / seconds}


def cells(setting):
    return [Cell(f"{name}: {tool.OPERATIONS}", PEERS,
                 lambda peer, server, tool=tool: measure(setting, peer, tool, server),
                 {"tool": name}, tool.why_not(), standing=lambda tool=tool: tool.server(setting))
            for name, tool in TOOLS.items()]


ROW = Row(
    "tools", "wrk, pgbench and redis-benchmark through a proxy",
    "What an operation of a well-known tool costs the proxy, connecting included, and how many there are per second.",
    (Metric("cpu_us", "CPU µs/operation", digits=2), Metric("rate", "operations/s", "more", 0)),
    cells)
