"""Requests and replies through a proxy, over few connections and many, small messages and large ones."""

from weirbench.echoes import backend
from weirbench.load import run_load
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row

PEERS = ["weir", "haproxy", "nginx", "epoll"]
CONNECTIONS = (1, 64, 1000, 8000)
LENGTH_NAMES = {"64": "64 B", "1k": "1 KiB", "16k": "16 KiB"}
QUICK = ((64, "64"), (1000, "64"))


def measure(setting, peer, connections, length):
    with backend(setting) as echo, proxy(setting, peer, echo.port) as serving:
        outcome = run_load(setting, "echo", serving, ["-c", connections, "-l", length])
    done = outcome.report["requests"]["completed"]
    return {
        "cpu_us": outcome.cpu * 1e6 / done,
        "p99_us": outcome.latency_us("99"),
        "p999_us": outcome.latency_us("99.9"),
        "rate": outcome.report["rate"],
    }


def cells(setting):
    wanted = setting.few([(count, length) for length in LENGTH_NAMES for count in CONNECTIONS], QUICK)
    return [Cell(f"{count} × {LENGTH_NAMES[length]}", PEERS,
                 lambda peer, count=count, length=length: measure(setting, peer, count, length),
                 {"connections": count, "length": length}, setting.lacks_descriptors(count))
            for count, length in wanted]


ROW = Row(
    "requests", "requests and replies through a proxy",
    "What a request of a closed loop costs the proxy, and how long it takes.",
    (Metric("cpu_us", "CPU µs/request", digits=2), Metric("p99_us", "p99 µs", digits=0),
     Metric("p999_us", "p99.9 µs", digits=0), Metric("rate", "requests/s", "more", 0)),
    cells, before=True)
