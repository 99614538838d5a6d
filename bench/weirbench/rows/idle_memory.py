"""How much memory an idle connection takes, fresh and after it carried something."""

import contextlib
import time

from weirbench.echoes import backend, echo
from weirbench.holder import Holder
from weirbench.proc_figures import pss_bytes, tree
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row

PROXIES = ["weir", "haproxy", "nginx", "epoll"]
ECHOES = ["weir", "epoll", "gevent"]
BURST = 20_000
CARRIERS = 4
SETTLING = 0.5  # what gives memory back may do so a little later


@contextlib.contextmanager
def proxied(setting, peer):
    with backend(setting) as behind, proxy(setting, peer, behind.port) as serving:
        yield serving


def measure(setting, serve, connections, carried):
    with serve() as serving:
        with Holder(serving.port, 1) as first:
            first.exchange(64)  # what is set up once belongs to no connection
        pids = tree(serving.pid)
        before = pss_bytes(pids)

        def resident():
            time.sleep(setting.few(SETTLING, 0.1))
            return (pss_bytes(pids) - before) / connections

        figures = {}
        with Holder(serving.port, connections) as holder:
            figures["fresh"] = resident()
            holder.exchange(64)
            figures["after_64"] = resident()
            holder.exchange(BURST)
            figures["after_burst"] = resident()
            holder.carry(carried, CARRIERS)
            figures["after_bulk"] = resident()
    return figures


def cells(setting):
    connections = setting.few(4000, 500)
    carried = setting.few(1_000_000_000, 50_000_000)
    left_out = setting.lacks_descriptors(connections)
    parameters = {"connections": connections, "carried_bytes": carried}
    return [
        Cell(f"{connections} through a proxy", PROXIES,
             lambda peer: measure(setting, lambda: proxied(setting, peer), connections, carried),
             parameters | {"kind": "proxy"}, left_out),
        Cell(f"{connections} to an echo", ECHOES,
             lambda peer: measure(setting, lambda: echo(setting, peer, setting.proxy_cores), connections, carried),
             parameters | {"kind": "echo"}, left_out),
    ]


ROW = Row(
    "idle-memory", "resident memory of an idle connection",
    "PSS of all the peer's processes without pages of files, minus what it was before, per connection; the kernel's "
    "sockets do not show.",
    (Metric("fresh", "B fresh", digits=0), Metric("after_64", "B after 64 B", digits=0),
     Metric("after_burst", "B after 20 kB", digits=0), Metric("after_bulk", "B after a GB over 4", digits=0)),
    cells, most_rounds=3, before=True)
