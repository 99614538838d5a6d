"""How long those who are established wait while others make handshakes as fast as they can."""

import contextlib
import time

from weirbench.certificates import certificate
from weirbench.echoes import backend
from weirbench.load import START_AND_DRAIN, LoadRun
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row
from weirbench.rows.churn import SOURCES

PEERS = ["weir", "haproxy", "nginx"]
ESTABLISHED = 64
RATE = 2000
STORM = 256  # handshakes at once
TLS = ("--tls", "--insecure")


def measure(setting, peer, kind):
    figures = {}
    with contextlib.ExitStack() as stack:
        echo = stack.enter_context(backend(setting))
        serving = stack.enter_context(proxy(setting, peer, echo.port, tls=certificate(setting, kind)))
        # The same machine and the same storm, but for what it does within the proxy of those who are established.
        other = stack.enter_context(proxy(setting, peer, echo.port, tls=certificate(setting, kind), gives_way=True))
        for name, storm in (("calm", None), ("elsewhere", other.port), ("storm", serving.port)):
            figures[f"{name}_p99_us"], rate = _established_p99(setting, serving.port, storm)
    return figures | {"rate": rate,
                      "grown": figures["storm_p99_us"] / figures["calm_p99_us"],
                      "own": figures["storm_p99_us"] / figures["elsewhere_p99_us"]}


def _established_p99(setting, port, storm):
    """Of requests to a port while others make handshakes with the port `storm`, and how many of these a second."""
    loads = [LoadRun(setting, "echo", port, ["-c", ESTABLISHED, "--rate", RATE, *TLS])]
    try:
        if storm:
            _wait_until_begun(loads[0])
            loads.append(LoadRun(setting, "connect", storm,
                                 ["-c", STORM, "--source", SOURCES, "--close", "rst", *TLS],
                                 seconds=setting.window + setting.warmup, gives_way=True))
        _finish(setting, loads)
        p99 = loads[0].report()["latency"]["response"]["percentiles_ns"]["99"] / 1e3
        return p99, loads[1].report()["rate"] if storm else 0
    finally:
        for load in loads:
            load.stop()


def _wait_until_begun(load):
    deadline = time.monotonic() + START_AND_DRAIN
    while load.began is None and not load.is_over() and time.monotonic() < deadline:
        load.look(0.05)


def _finish(setting, loads):
    deadline = time.monotonic() + setting.warmup + 2 * setting.window + START_AND_DRAIN
    while not all(load.is_over() for load in loads) and time.monotonic() < deadline:
        for load in loads:
            load.look(0.05)


def cells(setting):
    return [Cell(f"{kind}, {ESTABLISHED} established", PEERS, lambda peer, kind=kind: measure(setting, peer, kind),
                 {"key": kind, "established": ESTABLISHED, "rate": RATE}, setting.lacks_descriptors(ESTABLISHED + STORM))
            for kind in setting.few(("P-256", "RSA-2048"), ("P-256",))]


ROW = Row(
    "tls-storm", "established TLS connections while others make handshakes as fast as they can",
    f"p99 of {RATE} requests a second over {ESTABLISHED} connections, without and beside {STORM} connections that come "
    "and go with a full handshake each. Both clients and the backend share a core, which the client of these has only "
    "while nobody else wants it. Elsewhere: they go to a second process of the peer's, which has the proxy's core only "
    "while the first does not want it, so that beside / elsewhere is what the peer itself adds.",
    (Metric("storm_p99_us", "p99 µs beside handshakes", digits=0), Metric("calm_p99_us", "p99 µs without", digits=0),
     Metric("elsewhere_p99_us", "p99 µs, handshakes elsewhere", digits=0),
     Metric("grown", "beside / without", digits=2), Metric("own", "beside / elsewhere", digits=2),
     Metric("rate", "handshakes/s", "more", 0)),
    cells)
