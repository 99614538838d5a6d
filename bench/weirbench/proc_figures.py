"""What /proc says of a process and its children: CPU, memory, and how its descriptors spread."""

import contextlib
import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def parse_stat(text):
    """Parent and CPU seconds (user and system) of a line of /proc/PID/stat."""
    words = text.rpartition(")")[2].split()  # the name before may hold spaces and brackets
    return int(words[1]), sum(int(word) for word in words[11:13]) / TICKS


def tree(pid):
    """A process and its descendants."""
    parents = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = parse_stat(Path(entry.path, "stat").read_text(errors="replace"))[0]
    members = [pid]
    for member in members:  # grows while it is walked
        members.extend(child for child, parent in parents.items() if parent == member)
    return members


def cpu_seconds(pids):
    """User and system time of these processes so far."""
    return sum(cpu_of_each(pids).values())


def cpu_of_each(pids):
    """{pid: its user and system time} of those that live."""
    found = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            found[pid] = parse_stat(Path(f"/proc/{pid}/stat").read_text(errors="replace"))[1]
    return found


def parse_pss(text):
    """Bytes of a /proc/PID/smaps_rollup that are the process's own: PSS without the pages of files.

    A file's pages are shared with whoever else maps it, so that their part changes when other programs come and go;
    what a connection takes is never among them.
    """
    fields = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return sum(int(fields[name].split()[0]) * 1024 for name in ("Pss_Anon", "Pss_Shmem"))


def pss_bytes(pids):
    """Memory of these processes, pages that they share among them counted once."""
    return sum(parse_pss(Path(f"/proc/{pid}/smaps_rollup").read_text()) for pid in pids)


def parse_epoll_count(text):
    """How many descriptors stand in an epoll instance, of its /proc/PID/fdinfo/FD."""
    return sum(line.startswith("tfd:") for line in text.splitlines())


def epoll_counts(pids):
    """{(process, descriptor): how many descriptors it watches} of every epoll instance of these processes."""
    counts = {}
    for pid in pids:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(entry.path) == "anon_inode:[eventpoll]":
                    text = Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text()
                    counts[pid, int(entry.name)] = parse_epoll_count(text)
    return counts


def descriptors(pids):
    """How many descriptors these processes have open."""
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)
