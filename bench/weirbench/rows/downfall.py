"""What it costs, and whom it holds up, when all backends of an upstream go down at once."""

import json
import os
import re
import signal

from weirbench.echoes import backend, draining
from weirbench.failures import NotServed
from weirbench.holder import Holder
from weirbench.pool import Check, Pool, on_ports
from weirbench.pooled import pooled
from weirbench.proc_figures import cpu_seconds, descriptors, tree
from weirbench.process import wait_until
from weirbench.row import Cell, Metric, Row

PEERS = ["weir", "haproxy"]
SIZES = (10, 1000)
QUICK_SIZES = (100,)
IDLE = 4000
WAITERS = 500
CHECKED_EVERY_MS = 1000
RATE = 500
DOWN = re.compile(r"127\.0\.0\.1:\d+ is down|Server doomed/\S+ is DOWN")  # Weir's words, HAProxy's


def measure(setting, peer, servers, on_down):
    interval = setting.few(CHECKED_EVERY_MS, 200)
    with backend(setting) as echo, draining(setting, servers) as (first_port, dying):
        doomed = Pool("doomed", on_ports(servers, first_port), most=1, check=Check(interval, on_down))
        with pooled(setting, peer, doomed, Pool("other", (f"127.0.0.1:{echo.port}",))) as (failing, other):
            with Holder(other.port, setting.few(IDLE, 200)) as idle, Holder(failing.port, servers) as held:
                idle.exchange(64)
                held.exchange(64)
                with _waiters(failing, setting.few(WAITERS, 20)) as waiting:
                    calm = _probe(setting, other)
                    fall = _probe(setting, other, dying)
                    _check_fall(failing, servers)
                    _check_connections(held, servers, on_down)
                    if peer == "weir" and waiting.untouched() < setting.few(WAITERS, 20):
                        raise NotServed("who waited for a server did not wait on")
                idle.exchange(64)
    return fall | {f"calm_{key}": value for key, value in calm.items()}


def _waiters(failing, count):
    """Connections that wait because each server has the one that it may have."""
    pids = tree(failing.pid)
    before = descriptors(pids)
    waiting = Holder(failing.port, count)
    try:
        # Half as many already tell: a server's check has a descriptor too, now and then.
        wait_until(lambda: descriptors(pids) >= before + count // 2, f"accepting {count} waiters", failing.running)
    except NotServed:
        waiting.close()
        raise
    return waiting


def _probe(setting, other, dying=None):
    """Latency of another service and the proxy's CPU over a while; `dying` is told to end at its start."""
    seconds = setting.few(max(setting.window, 3.0), 0.6)
    pids = tree(other.pid)
    before = cpu_seconds(pids)
    probing = setting.processes.start(
        "newcomers", [setting.program("weir-bench-newcomers"), "--rate", RATE, "--duration", seconds,
                      f"127.0.0.1:{other.port}"], setting.load_cores)
    if dying:
        os.kill(dying.pid, signal.SIGTERM)
    setting.processes.finish(probing, seconds + 15)
    report = json.loads(probing.log.read_text())
    return {"cpu_ms": (cpu_seconds(pids) - before) * 1e3, "p99_us": report["p99_us"], "p999_us": report["p999_us"]}


def _check_fall(failing, servers):
    """All backends were found down, each once."""
    found = len(DOWN.findall(failing.running.log.read_text(errors="replace")))
    if found != servers:
        raise NotServed(f"{found} of {servers} servers were found down")


def _check_connections(held, servers, on_down):
    """Connections to the backends live on or were cut, as `on_down` says."""
    if on_down == "keep":
        held.exchange(64)
    elif held.untouched():
        raise NotServed(f"{held.untouched()} of {servers} connections were not cut")


def cells(setting):
    return [Cell(f"{servers} servers, on_down: {on_down}", PEERS,
                 lambda peer, servers=servers, on_down=on_down: measure(setting, peer, servers, on_down),
                 {"servers": servers, "on_down": on_down}, setting.lacks_descriptors(IDLE + 2 * servers + WAITERS))
            for servers in setting.few(SIZES, QUICK_SIZES) for on_down in ("keep", "reset")]


ROW = Row(
    "downfall", "all backends go down at once",
    f"All backends of an upstream stop listening at once, and a check every second finds them down. Each has one "
    f"connection, {WAITERS} more connections wait, and {IDLE} of another upstream are idle. The figures are the "
    f"proxy's CPU, and how long {RATE} new connections per second to that other upstream take, in the seconds from "
    f"then on and in those before.",
    (Metric("p99_us", "p99 µs meanwhile", digits=0), Metric("calm_p99_us", "p99 µs before", digits=0),
     Metric("p999_us", "p99.9 µs meanwhile", digits=0), Metric("calm_p999_us", "p99.9 µs before", digits=0),
     Metric("cpu_ms", "CPU ms meanwhile", digits=0), Metric("calm_cpu_ms", "CPU ms before", digits=0)),
    cells, most_rounds=3)
