"""Free ports, and whether somebody listens."""

import socket

from weirbench.process import wait_until

LISTEN = "0A"  # the state's number in /proc/net/tcp


def free_port():
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
