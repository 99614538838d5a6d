"""Proxies in front of pools of servers, each started afresh for a measurement with an equivalent configuration."""

import contextlib

from weirbench.peer_files import write_configuration
from weirbench.pool import haproxy_section, weir_listener, weir_upstream
from weirbench.ports import free_port, wait_listening
from weirbench.proxies import FILES_BESIDE_CONNECTIONS, FileLog, Serving


def _weir(setting, pools, ports, log):
    values = {
        "PORT": ports[0],
        # Each server that goes down is a warning; one that refuses is one too, and is told of by the records.
        "LOG_LEVEL": "error" if log else "warning",
        "LOGGING": "true" if log else "false", "LOG": log.path if log else "/dev/null",
        "LISTENERS": _each(weir_listener, pools, ports), "UPSTREAMS": "\n".join(weir_upstream(pool) for pool in pools)}
    return [setting.program("weir"), "run", "-c", write_configuration(setting, "weir-pools.yaml", values)]


def _haproxy(setting, pools, ports, log):
    checks = sum(len(pool.servers) for pool in pools if pool.check)  # a descriptor each
    values = {
        "PORT": ports[0],
        "MAXCONN": (setting.descriptors - FILES_BESIDE_CONNECTIONS - checks) // 2,
        "LOG_TARGET": "log stdout format raw local0" if log else "",
        "LOG_OPTIONS": "log global\n    log-format retries=%rc" if log else "",
        "SECTIONS": _each(haproxy_section, pools, ports, "\n\n")}
    return ["haproxy", "-db", "-f", write_configuration(setting, "haproxy-pools.cfg", values)]


def _epoll(setting, pools, ports, _log):
    """In turn, over one pool whose servers' addresses follow each other."""
    (pool,), (port,) = pools, ports
    return [setting.program("weir-bench-epoll-proxy"), f"127.0.0.1:{port}", pool.servers[0], len(pool.servers)]


def _each(written, pools, ports, between="\n"):
    return between.join(written(pool, port) for pool, port in zip(pools, ports))


COMMANDS = {"weir": _weir, "haproxy": _haproxy, "epoll": _epoll}


@contextlib.contextmanager
def pooled(setting, program, *pools, logging=False):
    """A proxy with a port for each pool, for the length of the block; gives a Serving for each."""
    ports = [free_port() for _ in pools]
    with contextlib.ExitStack() as stack:
        log = FileLog(setting.folder / f"{ports[0]}.records") if logging else None
        command = COMMANDS[program](setting, pools, ports, log)
        # HAProxy writes records to its standard output.
        output = stack.enter_context(open(log.path, "wb")) if log and program == "haproxy" else None
        running = stack.enter_context(
            setting.processes.started(program, command, setting.proxy_cores, stdout=output))
        for port in ports:
            wait_listening(port, running)
        yield [Serving(port, running, log) for port in ports]
