"""Echo servers: those under test, and the backend behind the proxies."""

import contextlib

from weirbench.ports import free_port, free_range, wait_listening
from weirbench.proxies import Serving
from weirbench.setting import BENCH

# Debian's python3-gevent belongs to Debian's Python, whichever other one stands first in PATH.
DEBIAN_PYTHON = "/usr/bin/python3"


def _weir(setting, port, program="weir"):
    return [setting.program(program), "echo", f"127.0.0.1:{port}", "--set", "workers=1", "--set",
            "access_log.enabled=false", "--set", "log.level=warning", "--set", "drain_timeout=1s"]


def _weir_before(setting, port):
    return _weir(setting, port, "weir-before")


def _weir_range(setting, first, count):
    return [setting.program("weir"), "echo", f"127.0.0.1:{first}-{first + count - 1}", "--set", "workers=1", "--set",
            "access_log.enabled=false", "--set", "log.level=warning", "--set", "drain_timeout=10m"]


def _epoll(setting, port):
    return [setting.program("weir-bench-epoll-echo"), f"127.0.0.1:{port}"]


def _gevent(_setting, port):
    return [DEBIAN_PYTHON, BENCH / "peers" / "gevent_echo.py", str(port)]


def _socat(_setting, port):
    return ["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,nodelay,reuseaddr", "PIPE"]


COMMANDS = {"weir": _weir, "before": _weir_before, "epoll": _epoll, "gevent": _gevent, "socat": _socat}


@contextlib.contextmanager
def echo(setting, peer, cores):
    """An echo server on 127.0.0.1, for the length of the block."""
    port = free_port()
    with setting.processes.started(f"{peer}-echo", COMMANDS[peer](setting, port), cores) as running:
        wait_listening(port, running)
        yield Serving(port, running)


def backend(setting):
    """The same echo behind every proxy, on the cores of the load."""
    return echo(setting, "epoll", setting.load_cores)


@contextlib.contextmanager
def everywhere(setting):
    """The same on every address of loopback at one port: as many servers as a proxy is told of, at the cost of one."""
    port = free_port()
    command = [setting.program("weir-bench-epoll-echo"), f"0.0.0.0%lo:{port}"]
    with setting.processes.started("epoll-echo", command, setting.load_cores) as running:
        wait_listening(port, running)
        yield port


@contextlib.contextmanager
def draining(setting, count):
    """Weir's echo on so many ports; SIGTERM closes them all and keeps the connections. Gives the first port and it."""
    first = free_range(count)
    with setting.processes.started("weir-echo", _weir_range(setting, first, count), setting.load_cores) as running:
        wait_listening(first + count - 1, running)
        yield first, running
