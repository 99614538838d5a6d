"""What an attempt costs that a dead backend refuses at once, as the number of dead backends grows."""

import time

from weirbench.curves import against, at_sizes, split
from weirbench.pool import Pool, on_addresses
from weirbench.pooled import pooled
from weirbench.ports import free_port
from weirbench.proc_figures import cpu_seconds, tree
from weirbench.refusals import check_attempts, refused_for
from weirbench.row import Cell, Metric, Row

SIZES = (10, 100, 1000)
QUICK_SIZES = (10, 100)
AT_ONCE = 4


def measure(setting, peer):
    program, servers = split(peer)
    pool = Pool("dead", on_addresses(servers, free_port()), attempts=servers)
    with pooled(setting, program, pool, logging=True) as (serving,):
        connections = refused_for(serving.port, setting.warmup, AT_ONCE)
        pids = tree(serving.pid)
        before, began = cpu_seconds(pids), time.monotonic()
        counted = refused_for(serving.port, setting.window, AT_ONCE)
        cpu, took = cpu_seconds(pids) - before, time.monotonic() - began
        connections += counted
        serving.log.expect(connections)
        check_attempts(serving.log.path.read_text(), connections, servers)
    return {"cpu_us": cpu * 1e6 / (counted * servers), "rate": counted * servers / took}


def cells(setting):
    sizes = setting.few(SIZES, QUICK_SIZES)
    return [Cell("in turn", at_sizes(["weir", "haproxy"], sizes, setting.missing),
                 lambda peer: measure(setting, peer), {"policy": "round_robin"})]


ROW = Row(
    "refused", "attempts at backends that refuse",
    f"A client connects, each of 10, 100 or 1000 backends refuses once, and the client is turned away; {AT_ONCE} do so "
    "at a time. The cost of an attempt is the cost of a client connection divided by its attempts, so the first figure "
    "includes a tenth of the connection's own cost. Beside each figure stands its ratio to the one with 10 backends. "
    "No backend is left out for its failures (eject).",
    (Metric("cpu_us", "CPU µs/attempt", digits=1), Metric("rate", "attempts/s", "more", 0)),
    cells, base=against(SIZES[0]), beside="each / the same program with 10 backends")
