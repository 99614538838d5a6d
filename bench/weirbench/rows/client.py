"""weir-load beside a hand-written client."""

import json

from weirbench.echoes import echo
from weirbench.load import check, ms
from weirbench.row import Cell, Metric, Row


def weir_load(setting, port, connections):
    """Requests and the client's own CPU seconds in the window."""
    report_file = setting.folder / f"client-{port}.json"
    setting.processes.run(
        "weir-load",
        [setting.program("weir-load"), "echo", "-c", connections, "-t", 1, "-W", ms(setting.warmup), "-d",
         ms(setting.window), "--quiet", "--json", report_file, f"127.0.0.1:{port}"],
        setting.load_cores, timeout=setting.warmup + setting.window + 30)
    report = json.loads(report_file.read_text())
    check(report)
    return report["requests"]["completed"], report["generator"]["cpu_s"]


def epoll_client(setting, port, connections):
    said = setting.processes.run(
        "epoll-client",
        [setting.program("weir-bench-epoll-client"), "--connections", connections, "--warmup", setting.warmup,
         "--duration", setting.window, f"127.0.0.1:{port}"],
        setting.load_cores, timeout=setting.warmup + setting.window + 30)
    report = json.loads(said)
    return report["requests"], report["cpu_s"]


CLIENTS = {"weir": weir_load, "epoll": epoll_client}


def measure(setting, peer, connections):
    with echo(setting, "epoll", setting.proxy_cores) as serving:
        requests, cpu = CLIENTS[peer](setting, serving.port, connections)
    return {"per_cpu_s": requests / cpu, "rate": requests / setting.window}


def cells(setting):
    return [Cell(f"{count} × 64 B", ["weir", "epoll"], lambda peer, count=count: measure(setting, peer, count),
                 {"connections": count}, setting.lacks_descriptors(count, each=1))
            for count in setting.few((64, 1000), (64,))]


ROW = Row(
    "client", "weir-load beside a hand-written epoll client",
    "Requests made and checked per second of the client's CPU, against the same echo; each client reports its own CPU "
    "time.",
    (Metric("per_cpu_s", "requests/CPU s", "more", 0), Metric("rate", "requests/s", "more", 0)),
    cells)
