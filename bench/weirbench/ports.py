"""Free ports, and whether somebody listens."""

import random
import socket
from pathlib import Path

from weirbench.failures import NotServed
from weirbench.process import wait_until

LISTEN = "0A"  # the state's number in /proc/net/tcp


def free_port():
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_range(count):
    """The first of so many ports of 127.0.0.1 in a row, all free a moment ago and below those that the kernel picks."""
    lowest_picked = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(100):
        first = random.randrange(1024, lowest_picked - count)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise NotServed(f"there are no {count} free ports in a row below {lowest_picked}")


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one in TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def is_listened_to(port):
    """Of 127.0.0.1. Looked up rather than tried: a connection would already be work for the peer."""
    ending = f":{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as lines:
        next(lines)
        for line in lines:
            words = line.split(maxsplit=4)
            if words[3] == LISTEN and words[1].endswith(ending):
                return True
    return False


def wait_listening(port, running):
    """Until a process listens on a port."""
    wait_until(lambda: is_listened_to(port), f"listening on port {port}", running)
