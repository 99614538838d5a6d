"""How much memory an idle connection takes whose TLS the proxy ends."""

import ssl
import time

from weirbench.certificates import certificate
from weirbench.echoes import backend
from weirbench.holder import Holder
from weirbench.proc_figures import pss_bytes, tree
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row
from weirbench.rows.idle_memory import BURST, SETTLING

PEERS = ["weir", "haproxy", "nginx"]


def measure(setting, peer, connections):
    with backend(setting) as echo, proxy(setting, peer, echo.port, tls=certificate(setting)) as serving:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with Holder(serving.port, 1, context) as first:
            first.exchange(64)  # what is set up once belongs to no connection
        pids = tree(serving.pid)
        before = pss_bytes(pids)

        def resident():
            time.sleep(setting.few(SETTLING, 0.1))
            return (pss_bytes(pids) - before) / connections

        figures = {}
        with Holder(serving.port, connections, context) as holder:
            figures["fresh"] = resident()
            holder.exchange(64)
            figures["after_64"] = resident()
            holder.exchange(BURST)
            figures["after_burst"] = resident()
    return figures


def cells(setting):
    connections = setting.few(2000, 300)
    return [Cell(f"{connections} through a proxy", PEERS, lambda peer: measure(setting, peer, connections),
                 {"connections": connections}, setting.lacks_descriptors(connections))]


ROW = Row(
    "tls-idle-memory", "resident memory of an idle connection whose TLS the proxy ends",
    "As idle-memory, with a TLS 1.3 handshake first.",
    (Metric("fresh", "B fresh", digits=0), Metric("after_64", "B after 64 B", digits=0),
     Metric("after_burst", "B after 20 kB", digits=0)),
    cells, most_rounds=3, before=True)
