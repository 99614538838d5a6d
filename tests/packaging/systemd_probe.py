"""What tests/packaging/systemd does from outside the container: connections, and a thread that stands still."""

import ctypes
import os
import signal
import socket
import sys
import time
from pathlib import Path

PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), timeout=30)


def echo(address):
    with connect(address) as client:
        client.sendall(b"hello")
        got = client.recv(5, socket.MSG_WAITALL)
    if got != b"hello":
        sys.exit(f"got {got!r}")


def hold(address, seconds):
    with connect(address):
        time.sleep(float(seconds))


def loop(address, stop_file):
    """Connects again and again until the file is there."""
    served = 0
    failures = []
    while not os.path.exists(stop_file):
        try:
            echo(address)
            served += 1
        except (OSError, SystemExit) as failure:
            failures.append(str(failure))
    print(f"{served} connections served, {len(failures)} failed", *failures[:3], sep="; ")
    sys.exit(1 if failures or served == 0 else 0)


def daemon_of(container):
    """The daemon's pid out here."""
    namespace = os.readlink(f"/proc/{container}/ns/pid")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().strip() == "weir" and os.readlink(process / "ns/pid") == namespace:
                return process
        except OSError:
            continue
    sys.exit("the daemon does not run")


def stop_thread(container, name):
    """Holds one thread of the daemon until it or this ends."""
    for task in (daemon_of(container) / "task").iterdir():
        if (task / "comm").read_text().strip() == name:
            break
    else:
        sys.exit(f"no thread {name}")
    libc = ctypes.CDLL(None, use_errno=True)
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if libc.ptrace(request, int(task.name), None, None) != 0:
            sys.exit(os.strerror(ctypes.get_errno()))
    signal.alarm(120)
    # The dead thread of a traced process is collected by its tracer; until then the process is not gone.
    while not os.WIFEXITED(status := os.waitpid(int(task.name), 0x40000000)[1]) and not os.WIFSIGNALED(status):
        pass


def wait_connected(container, port):
    """Until somebody is connected to the port in this network."""
    wanted = f":{int(port):04X}"
    for _ in range(300):
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == "01":
                return
        time.sleep(0.1)
    sys.exit(f"nobody is connected to port {port}")


COMMANDS = {"echo": echo, "hold": hold, "loop": loop, "stop-thread": stop_thread, "wait-connected": wait_connected}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
