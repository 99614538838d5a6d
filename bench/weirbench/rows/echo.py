"""Echo servers, without a proxy."""

from weirbench.echoes import echo
from weirbench.load import run_load
from weirbench.row import Cell, Metric, Row


def measure(setting, peer, connections):
    with echo(setting, peer, setting.proxy_cores) as serving:
        outcome = run_load(setting, "echo", serving, ["-c", connections])
    done = outcome.report["requests"]["completed"]
    return {"cpu_us": outcome.cpu * 1e6 / done, "p99_us": outcome.latency_us("99"), "rate": outcome.report["rate"]}


def cells(setting):
    found = [Cell("64 × 64 B", ["weir", "epoll", "gevent"], lambda peer: measure(setting, peer, 64),
                  {"connections": 64})]
    if not setting.quick:
        found.append(Cell("1 × 64 B", ["weir", "epoll", "socat"], lambda peer: measure(setting, peer, 1),
                          {"connections": 1}))
    return found


ROW = Row(
    "echo", "an echo server",
    "What a request costs an echo server. socat, which forks a process per connection, is there for curiosity.",
    (Metric("cpu_us", "CPU µs/request", digits=2), Metric("p99_us", "p99 µs", digits=0),
     Metric("rate", "requests/s", "more", 0)),
    cells, before=True)
