"""Connections that come, exchange 64 bytes and go."""

from weirbench.echoes import backend
from weirbench.load import run_load
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row

AT_ONCE = 64
# Enough local addresses that no port is needed again while it is in TIME_WAIT.
SOURCES = "127.0.0.0/24"
PEERS = {False: ["weir", "haproxy", "nginx", "epoll"], True: ["weir", "haproxy", "nginx"]}
VARIANTS = [(close, logging) for logging in (False, True) for close in ("fin", "rst")]
QUICK = [("fin", False), ("rst", True)]


def measure(setting, peer, close, logging):
    with backend(setting) as echo, proxy(setting, peer, echo.port, logging=logging) as serving:
        outcome = run_load(setting, "connect", serving, ["-c", AT_ONCE, "--close", close, "--source", SOURCES])
        cycles = outcome.report["cycles"]
        if logging:
            serving.log.expect(cycles)
    return {"cpu_us": outcome.cpu * 1e6 / cycles, "p99_us": outcome.latency_us("99", "cycle"),
            "rate": outcome.report["rate"]}


def cells(setting):
    return [Cell(f"closed by {close.upper()}, {'a record each' if logging else 'no records'}", PEERS[logging],
                 lambda peer, close=close, logging=logging: measure(setting, peer, close, logging),
                 {"close": close, "logging": logging})
            for close, logging in setting.few(VARIANTS, QUICK)]


ROW = Row(
    "churn", "connect, 64 bytes there and back, close, through a proxy",
    "What a connection costs the proxy from accept to close, with a record for each and without.",
    (Metric("cpu_us", "CPU µs/connection", digits=1), Metric("p99_us", "p99 µs of a cycle", digits=0),
     Metric("rate", "connections/s", "more", 0)),
    cells, before=True)
