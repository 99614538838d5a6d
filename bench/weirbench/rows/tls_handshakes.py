"""Connections that come with a TLS handshake, exchange 64 bytes and go."""

from weirbench.certificates import certificate
from weirbench.echoes import backend
from weirbench.failures import NotServed
from weirbench.load import run_load
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row
from weirbench.rows.churn import SOURCES

PEERS = ["weir", "haproxy", "nginx"]
AT_ONCE = 16
CASES = (("P-256", "full"), ("P-256", "resumed"), ("RSA-2048", "full"), ("RSA-2048", "resumed"))
RESUMED_AT_LEAST = 0.95  # the first of each slot is full


def measure(setting, peer, kind, how):
    with backend(setting) as echo, proxy(setting, peer, echo.port, tls=certificate(setting, kind)) as serving:
        # nginx closes without close_notify, so that an end in order would look cut short.
        arguments = ["-c", AT_ONCE, "--source", SOURCES, "--close", "rst", "--tls", "--insecure",
                     "--sni", "bench.test"]
        outcome = run_load(setting, "connect", serving, [*arguments, *(["--resume"] if how == "resumed" else [])])
    _check(outcome.report, how)
    return {"cpu_us": outcome.cpu * 1e6 / outcome.report["cycles"], "p99_us": outcome.latency_us("99", "cycle"),
            "rate": outcome.report["rate"]}


def _check(report, how):
    """A server that does not resume must not look dear, and one that does must not look cheap."""
    tls = report["tls"]
    resumed = tls["resumed"] / max(1, tls["resumed"] + tls["handshakes"])
    if (how == "resumed" and resumed < RESUMED_AT_LEAST) or (how == "full" and resumed > 0):
        raise NotServed(f"{resumed:.0%} of the sessions were resumed")


def cells(setting):
    return [Cell(f"{kind}, {how}", PEERS, lambda peer, kind=kind, how=how: measure(setting, peer, kind, how),
                 {"key": kind, "handshake": how})
            for kind, how in setting.few(CASES, CASES[:2])]


ROW = Row(
    "tls-handshakes", "TLS handshake, 64 bytes there and back, close, through a proxy that ends TLS",
    "What a connection with a TLS 1.3 handshake costs the proxy from accept to close.",
    (Metric("cpu_us", "CPU µs/connection", digits=1), Metric("p99_us", "p99 µs of a cycle", digits=0),
     Metric("rate", "connections/s", "more", 0)),
    cells, before=True)
