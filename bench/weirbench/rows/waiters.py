"""What a connection costs while others wait for a backend."""

from weirbench.curves import against, at_sizes, split
from weirbench.echoes import backend
from weirbench.failures import NotServed
from weirbench.holder import Holder
from weirbench.load import run_load
from weirbench.pool import Pool
from weirbench.pooled import pooled
from weirbench.proc_figures import descriptors, tree
from weirbench.process import wait_until
from weirbench.row import Cell, Metric, Row
from weirbench.rows.churn import AT_ONCE, SOURCES

SIZES = (0, 500, 5000)
QUICK_SIZES = (0, 500)


def beside(setting, program, waiters):
    """They wait for a backend that is never free, while connections go to another pool's."""
    with backend(setting) as echo:
        server = (f"127.0.0.1:{echo.port}",)
        with pooled(setting, program, Pool("busy", server), Pool("full", server, most=1)) as (busy, full), \
                Holder(full.port, 1) as first:
            first.exchange(64)
            pids = tree(full.pid)
            before = descriptors(pids)
            with Holder(full.port, waiters) as waiting:
                wait_until(lambda: descriptors(pids) >= before + waiters, f"accepting {waiters} waiters", full.running)
                outcome = churn(setting, busy, AT_ONCE)
                if waiting.untouched() < waiters:
                    raise NotServed(f"{waiters - waiting.untouched()} of {waiters} waiters did not wait until the end")
    return outcome


def among(setting, program, waiters):
    """There are as many places as connections at once without waiters; each waits for one and gets it in its turn."""
    with backend(setting) as echo:
        pool = Pool("pool", (f"127.0.0.1:{echo.port}",), most=AT_ONCE)
        with pooled(setting, program, pool) as (serving,):
            return churn(setting, serving, AT_ONCE + waiters)


def churn(setting, serving, at_once):
    return run_load(setting, "connect", serving, ["-c", at_once, "--close", "rst", "--source", SOURCES])


SITUATIONS = {"beside": ("for another upstream", beside), "among": ("for the same upstream", among)}


def measure(setting, peer, run):
    outcome = run(setting, *split(peer))
    return {"cpu_us": outcome.cpu * 1e6 / outcome.report["cycles"], "p99_us": outcome.latency_us("99", "cycle"),
            "rate": outcome.report["rate"]}


def cells(setting):
    peers = at_sizes(["weir", "haproxy"], setting.few(SIZES, QUICK_SIZES), setting.missing)
    return [Cell(name, peers, lambda peer, run=run: measure(setting, peer, run), {"situation": situation},
                 setting.lacks_descriptors(max(SIZES), each=1))
            for situation, (name, run) in SITUATIONS.items()]


ROW = Row(
    "waiters", "connections while others wait",
    f"What a connection costs while 0, 500 or 5000 others wait for a full backend; beside each figure stands its ratio "
    f"to the one with nobody waiting. Either the backend belongs to another upstream and is never free, or it is the "
    f"one that connections go to: it has {AT_ONCE} places, and the time of a cycle is that of the queue.",
    (Metric("cpu_us", "CPU µs/connection", digits=1), Metric("p99_us", "p99 µs of a cycle", digits=0),
     Metric("rate", "connections/s", "more", 0)),
    cells, base=against(SIZES[0]), beside="each / the same program with nobody waiting")
