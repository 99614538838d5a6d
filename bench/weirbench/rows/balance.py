"""How evenly long-lived connections spread over two workers."""

import time

from weirbench.echoes import backend
from weirbench.failures import NotServed
from weirbench.holder import Holder
from weirbench.proc_figures import epoll_counts, tree
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row

PEERS = ["weir", "haproxy", "nginx"]
WORKERS = 2


def measure(setting, peer, connections):
    with backend(setting) as echo, proxy(setting, peer, echo.port, workers=WORKERS, cores=setting.all_cores) as serving:
        pids = tree(serving.pid)
        before = epoll_counts(pids)
        with Holder(serving.port, connections) as holder:
            holder.exchange(64)
            time.sleep(0.1)
            after = epoll_counts(pids)
    return {"max_to_mean": unevenness(before, after, connections)}


def unevenness(before, after, connections):
    """The fullest worker's share over an even share, of the descriptors in each epoll instance before and after."""
    grown = [count - before.get(key, 0) for key, count in after.items()]
    if sum(grown) < connections:
        raise NotServed(f"its epoll instances took {sum(grown)} descriptors for {connections} connections")
    return max(grown) / (sum(grown) / WORKERS)


def cells(setting):
    return [Cell(f"{count} held", PEERS, lambda peer, count=count: measure(setting, peer, count),
                 {"connections": count}, setting.lacks_descriptors(count))
            for count in setting.few((16, 64, 1000), (64,))]


ROW = Row(
    "balance", "connections over two workers",
    "The fuller worker's connections divided by an even share, counted in the epoll instances: 1 is even, 2 is all on "
    "one.",
    (Metric("max_to_mean", "max/mean", digits=3),),
    cells)
