"""Two workers on two cores, beside one."""

from weirbench.echoes import backend
from weirbench.failures import LeftOut
from weirbench.load import run_load
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row

PEERS = ["weir-2", "weir-1", "haproxy-2", "nginx-2", "haproxy-1", "nginx-1"]


def measure(setting, peer, connections):
    name, workers = peer.rsplit("-", 1)
    with backend(setting) as echo, proxy(setting, name, echo.port, workers=int(workers),
                                         cores=setting.all_cores) as serving:
        outcome = run_load(setting, "echo", serving, ["-c", connections])
    done = outcome.report["requests"]["completed"]
    return {"cpu_us": outcome.cpu * 1e6 / done, "p99_us": outcome.latency_us("99"), "rate": outcome.report["rate"]}


def cells(setting):
    if len(setting.all_cores) < 2:
        raise LeftOut("two workers need two cores")
    peers = [peer for peer in PEERS if peer.rsplit("-", 1)[0] not in setting.missing]
    return [Cell(f"{count} × 64 B", setting.few(peers, peers[:4]),
                 lambda peer, count=count: measure(setting, peer, count), {"connections": count},
                 setting.lacks_descriptors(count))
            for count in setting.few((64, 1000), (64,))]


ROW = Row(
    "workers", "one worker and two",
    "What a second worker does to the cost of a request. Here the proxy may use all cores, including those of the "
    "load.",
    (Metric("cpu_us", "CPU µs/request", digits=2), Metric("p99_us", "p99 µs", digits=0),
     Metric("rate", "requests/s", "more", 0)),
    cells, subject="weir-2")
