"""A pool of servers, and how each proxy is told of it."""

import ipaddress
from dataclasses import dataclass

# Of 127.0.0.0/8; clients come from 127.0.0.0/24.
FIRST_ADDRESS = "127.1.0.1"
POLICIES = {"round_robin": "roundrobin", "least_connections": "leastconn", "random_two": "random(2)",
            "source_hash": "source"}  # Weir's name: HAProxy's


@dataclass(frozen=True)
class Check:
    """One failed check takes a server down."""

    interval_ms: int
    on_down: str = "keep"  # or "reset": what happens to its connections


@dataclass(frozen=True)
class Pool:
    name: str
    servers: tuple  # HOST:PORT each
    policy: str = "round_robin"
    most: int = 0  # connections of a server at once; more wait without end. 0 = no limit
    attempts: int = 3  # a connection's, each towards another server at once
    check: Check | None = None


def on_addresses(count, port):
    """So many servers on the addresses from FIRST_ADDRESS on."""
    first = ipaddress.IPv4Address(FIRST_ADDRESS)
    return tuple(f"{first + at}:{port}" for at in range(count))


def on_ports(count, first):
    """So many servers on the ports from the first on."""
    return tuple(f"127.0.0.1:{first + at}" for at in range(count))


def weir_listener(pool, port):
    return f'  - {{name: {pool.name}, bind: "127.0.0.1:{port}", proxy: {{upstream: {pool.name}}}}}'


def weir_upstream(pool):
    lines = [f"  - name: {pool.name}",
             f"    balance: {pool.policy}",
             f"    connect: {{attempts: {pool.attempts}}}",
             "    queue: {size: 1000000, timeout: 0}",
             "    eject: {failures: 0}"]
    if pool.check:
        lines += [f"    health: {{interval: {pool.check.interval_ms}ms, fall: 1, rise: 1}}",
                  f"    on_down: {pool.check.on_down}"]
    lines.append("    servers:")
    lines += [f'      - {{address: "{server}", max_connections: {pool.most}}}' for server in pool.servers]
    return "\n".join(lines)


def haproxy_section(pool, port):
    each = [f"maxconn {pool.most}"] if pool.most else []
    if pool.check:
        each.append(f"check inter {pool.check.interval_ms}ms fall 1 rise 1")
        if pool.check.on_down == "reset":
            each.append("on-marked-down shutdown-sessions")
    lines = [f"listen {pool.name}",
             f"    bind 127.0.0.1:{port} backlog 4096",
             f"    balance {POLICIES[pool.policy]}",
             f"    retries {pool.attempts - 1}"]
    if each:
        lines.append(f"    default-server {' '.join(each)}")
    lines += [f"    server s{at} {server}" for at, server in enumerate(pool.servers)]
    return "\n".join(lines)
