"""Processes that are pinned, watched, and never outlive the benchmark."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

from weirbench.failures import NotServed

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Running:
    """A process of ours in a group of its own; its output stands in a log file."""

    def __init__(self, name, popen, log):
        self.name = name
        self.popen = popen
        self.log = log

    @property
    def pid(self):
        return self.popen.pid

    def said(self, most=600):
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-most:].strip()


class Processes:
    """Starts processes and ends them all, whatever happens."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._running = []
        self._started = 0

    def start(self, name, argv, cores, *, user=None, stdout=None, stderr=None, gives_way=False):
        """Starts a program on these cores; its output goes to a log unless it is asked for. One that gives way has a
        core only while nobody else wants it (SCHED_IDLE, sched(7)), which holds within one session (autogroups there): so
        all of ours are of the benchmark's."""
        self._started += 1
        log = self._folder / f"{self._started:05}-{name}.log"

        def prepare():
            os.sched_setaffinity(0, cores)
            if gives_way:
                os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            # Should the benchmark be killed, what it started ends as well.
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

        with open(log, "wb") as sink:
            popen = subprocess.Popen(
                [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=stdout or sink, stderr=stderr or sink,
                preexec_fn=prepare, process_group=0, user=user, group=user, extra_groups=[] if user else None,
                cwd=self._folder)
        running = Running(name, popen, log)
        self._running.append(running)
        return running

    @contextlib.contextmanager
    def started(self, name, argv, cores, **how):
        """As start(); the process ends with the block."""
        running = self.start(name, argv, cores, **how)
        try:
            yield running
        finally:
            self.stop(running)

    def finish(self, running, timeout):
        """Waits until a program is done; raises NotServed if it failed or took too long."""
        try:
            status = running.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise NotServed(f"{running.name} did not end within {timeout:.0f} s: {running.said()}") from None
        finally:
            self.stop(running)
        if status != 0:
            raise NotServed(f"{running.name} exited with {status}: {running.said()}")

    def run(self, name, argv, cores, timeout, **how):
        """Runs a program to its end; gives what it wrote to stdout and stderr."""
        running = self.start(name, argv, cores, **how)
        self.finish(running, timeout)
        return running.log.read_text(errors="replace")

    def stop(self, running):
        """SIGTERM to a process and all in its group, SIGKILL to what is left after a second."""
        for number, patience in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0)):
            if running.popen.poll() is None:
                _signal_group(running.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.popen.wait(patience)
        _signal_group(running.pid, signal.SIGKILL)  # children that outlived it
        for stream in (running.popen.stdout, running.popen.stderr):
            if stream:
                stream.close()
        if running in self._running:
            self._running.remove(running)

    def stop_all(self):
        for running in list(reversed(self._running)):
            self.stop(running)


def _signal_group(pid, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def wait_until(happened, what, running, timeout=10.0):
    """Waits until something has happened while a process lives; raises NotServed otherwise."""
    deadline = time.monotonic() + timeout
    while not happened():
        if running.popen.poll() is not None:
            raise NotServed(f"{running.name} ended at once: {running.said()}")
        if time.monotonic() > deadline:
            raise NotServed(f"{running.name}: {what} did not happen within {timeout:.0f} s: {running.said()}")
        time.sleep(0.005)
