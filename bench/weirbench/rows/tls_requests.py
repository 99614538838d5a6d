"""Requests, replies and streams through a proxy that ends TLS."""

from weirbench.certificates import certificate
from weirbench.echoes import backend
from weirbench.load import run_load
from weirbench.proxies import proxy
from weirbench.row import Cell, Metric, Row

PEERS = ["weir", "haproxy", "nginx"]
SIZES = {"64": 64, "1k": 1 << 10, "16k": 16 << 10, "1m": 1 << 20}
CASES = ((64, "64"), (64, "1k"), (1000, "1k"), (64, "16k"))
BULK = ((1, "1m"), (8, "1m"))
NAMES = {"64": "64 B", "1k": "1 KiB", "16k": "16 KiB", "1m": "1 MiB"}


def measure(setting, peer, connections, length):
    with backend(setting) as echo, proxy(setting, peer, echo.port, tls=certificate(setting)) as serving:
        outcome = run_load(setting, "echo", serving, ["-c", connections, "-l", length, "--tls", "--insecure"])
    done = outcome.report["requests"]["completed"]
    gigabytes = done * 2 * SIZES[length] / 1e9
    return {"cpu_us": outcome.cpu * 1e6 / done, "cpu_s": outcome.cpu / gigabytes, "p99_us": outcome.latency_us("99"),
            "rate": outcome.report["rate"], "gbit": gigabytes * 8 / outcome.report["window_s"]}


def _cells(setting, cases):
    return [Cell(f"{count} × {NAMES[length]}", PEERS,
                 lambda peer, count=count, length=length: measure(setting, peer, count, length),
                 {"connections": count, "length": length}, setting.lacks_descriptors(count))
            for count, length in cases]


ROW = Row(
    "tls-requests", "requests and replies through a proxy that ends TLS",
    "What a request of a closed loop costs the proxy over TLS 1.3, and how long it takes.",
    (Metric("cpu_us", "CPU µs/request", digits=2), Metric("p99_us", "p99 µs", digits=0),
     Metric("rate", "requests/s", "more", 0)),
    lambda setting: _cells(setting, setting.few(CASES, CASES[1:2])), before=True)

BULK_ROW = Row(
    "tls-bulk", "megabytes there and back through a proxy that ends TLS",
    "What a gigabyte (10^9 bytes) costs the proxy: half of it is opened, half is sealed.",
    (Metric("cpu_s", "CPU s/GB", digits=3), Metric("gbit", "Gbit/s", "more", 2)),
    lambda setting: _cells(setting, setting.few(BULK, BULK[1:])), before=True)
