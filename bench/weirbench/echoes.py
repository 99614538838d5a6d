"""Echo servers: those under test, and the backend behind the proxies."""

import contextlib

from weirbench.ports import free_port, wait_listening
from weirbench.proxies import Serving
from weirbench.setting import BENCH

# Debian's python3-gevent belongs to Debian's Python, whichever other one stands first in PATH.
DEBIAN_PYTHON = "/usr/bin/python3"


def _weir(setting, port):
    return [setting.program("weir"), "echo", f"127.0.0.1:{port}", "--set", "workers=1", "--set",
            "access_log.enabled=false", "--set", "log.level=warning", "--set", "drain_timeout=1s"]


def _epoll(setting, port):
    return [setting.program("weir-bench-epoll-echo"), f"127.0.0.1:{port}"]


def _gevent(_setting, port):
    return [DEBIAN_PYTHON, BENCH / "peers" / "gevent_echo.py", str(port)]


def _socat(_setting, port):
    return ["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,nodelay,reuseaddr", "PIPE"]


COMMANDS = {"weir": _weir, "epoll": _epoll, "gevent": _gevent, "socat": _socat}


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
