"""CPU time of a peer over a stretch of time that is known only afterwards."""

import bisect
import time

from weirbench.proc_figures import cpu_of_each, tree


class CpuSampler:
    """Readings of a process tree's CPU time; between two of them it is taken to have run evenly."""

    def __init__(self, pid):
        self._pid = pid
        self._pids = tree(pid)
        self._last = {}  # of every process; one that has ended keeps its last figure
        self.readings = []

    def find_children(self):
        """Takes in the processes that came since; to be called when all connections stand."""
        self._pids = tree(self._pid)

    def read(self):
        before = time.monotonic()
        self._last |= cpu_of_each(self._pids)
        self.readings.append(((before + time.monotonic()) / 2, sum(self._last.values())))

    def between(self, start, end):
        return interpolate(self.readings, end) - interpolate(self.readings, start)


def interpolate(readings, at):
    """The value at a time, on the line between the readings around it."""
    times = [when for when, _ in readings]
    after = bisect.bisect_left(times, at)
    if after == 0:
        return readings[0][1]
    if after == len(readings):
        return readings[-1][1]
    (t0, v0), (t1, v1) = readings[after - 1], readings[after]
    return v0 + (v1 - v0) * (at - t0) / (t1 - t0)
