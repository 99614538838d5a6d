"""What a connection costs as the number of backends that it may go to grows."""

from weirbench.curves import against, at_sizes, split
from weirbench.echoes import everywhere
from weirbench.load import run_load
from weirbench.pool import POLICIES, Pool, on_addresses
from weirbench.pooled import pooled
from weirbench.row import Cell, Metric, Row
from weirbench.rows.churn import AT_ONCE, SOURCES

SIZES = (1, 10, 100, 1000)
QUICK_SIZES = (1, 100)
# The yardstick only takes backends in turn: it shows what the kernel costs with that many addresses.
PROGRAMS = {policy: ["weir", "haproxy"] for policy in POLICIES} | {"round_robin": ["weir", "haproxy", "epoll"]}
QUICK_PROGRAMS = {"round_robin": ["weir", "haproxy"], "source_hash": ["weir"]}


def measure(setting, peer, policy):
    program, servers = split(peer)
    with everywhere(setting) as port, pooled(setting, program, Pool("pool", on_addresses(servers, port), policy)) as (
            serving,):
        # By RST: no port is in TIME_WAIT, where a single backend would have more of them than a thousand backends.
        outcome = run_load(setting, "connect", serving, ["-c", AT_ONCE, "--close", "rst", "--source", SOURCES])
    return {"cpu_us": outcome.cpu * 1e6 / outcome.report["cycles"], "p99_us": outcome.latency_us("99", "cycle"),
            "rate": outcome.report["rate"]}


def cells(setting):
    sizes = setting.few(SIZES, QUICK_SIZES)
    return [Cell(policy, at_sizes(programs, sizes, setting.missing),
                 lambda peer, policy=policy: measure(setting, peer, policy), {"policy": policy})
            for policy, programs in setting.few(PROGRAMS, QUICK_PROGRAMS).items()]


ROW = Row(
    "upstreams", "connections to one backend of many",
    "What a connection costs when it may go to 1, 10, 100 or 1000 backends; beside each figure stands its ratio to the "
    "one with one backend. HAProxy's policies are roundrobin, leastconn, random(2) and source. The epoll yardstick "
    "takes backends in turn and examines none: it shows what the kernel costs with that many addresses.",
    (Metric("cpu_us", "CPU µs/connection", digits=1), Metric("p99_us", "p99 µs of a cycle", digits=0),
     Metric("rate", "connections/s", "more", 0)),
    cells, base=against(SIZES[0]), beside="each / the same program with one backend")
