"""How long a new connection waits for its first reply while a thousand others work."""

import json
import time

from weirbench.echoes import backend
from weirbench.failures import NotServed
from weirbench.load import START_AND_DRAIN, LoadRun
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row

PEERS = ["weir", "haproxy", "nginx", "epoll"]
OTHERS = 1000
RATE = 200


def measure(setting, peer):
    seconds = setting.few(3 * setting.window, 1)
    with backend(setting) as echo, proxy(setting, peer, echo.port) as serving:
        load = LoadRun(setting, "echo", serving.port, ["-c", OTHERS], seconds=seconds + 1)
        try:
            _wait_until_warm(setting, load)
            probes = json.loads(setting.processes.run(
                "newcomers",
                [setting.program("weir-bench-newcomers"), "--rate", RATE, "--duration", seconds,
                 f"127.0.0.1:{serving.port}"],
                setting.load_cores, timeout=seconds + 15))
            deadline = time.monotonic() + seconds + START_AND_DRAIN
            while not load.is_over() and time.monotonic() < deadline:
                load.look(0.1)
            report = load.report()
        finally:
            load.stop()
    return {"p50_us": probes["p50_us"], "p99_us": probes["p99_us"], "p999_us": probes["p999_us"],
            "rate": report["rate"]}


def _wait_until_warm(setting, load):
    deadline = time.monotonic() + START_AND_DRAIN
    while load.began is None:
        load.look(0.1)
        if time.monotonic() > deadline:
            raise NotServed(f"the load did not begin within {START_AND_DRAIN:.0f} s")
        if load.is_over():
            load.report()
            raise NotServed("the load ended before it was warm")
    time.sleep(max(0.0, load.began + setting.warmup - time.monotonic()))


def cells(setting):
    return [Cell(f"beside {OTHERS} others", PEERS, lambda peer: measure(setting, peer),
                 {"others": OTHERS, "rate": RATE}, setting.lacks_descriptors(OTHERS))]


ROW = Row(
    "newcomers", "a newcomer's first reply while 1000 others work",
    f"{RATE} connections per second beside a closed loop: from when one was due until its 64 bytes were back.",
    (Metric("p50_us", "p50 µs", digits=0), Metric("p99_us", "p99 µs", digits=0),
     Metric("p999_us", "p99.9 µs", digits=0), Metric("rate", "requests/s of the others", "more", 0)),
    cells)
