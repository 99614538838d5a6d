"""Runs of weir-load against a peer, with the peer's CPU over exactly the window that weir-load measured."""

import itertools
import json
import os
import re
import select
import subprocess
import time
from dataclasses import dataclass

from weirbench.failures import NotServed
from weirbench.proc_figures import pss_bytes, tree
from weirbench.sampler import CpuSampler

TICK = 0.1  # seconds between weir-load's lines of progress
PHASE = re.compile(rb"\b(warmup|running)\b")
BETWEEN_READINGS = 0.02
RUNS = itertools.count()
START_AND_DRAIN = 40.0  # seconds that connecting and draining may take


@dataclass
class Outcome:
    report: dict  # weir-load's, --json
    cpu: float  # the peer's seconds in the window
    pss: float = 0.0  # the peer's memory towards the window's end, where it was asked for

    def latency_us(self, percentile, kind="response"):
        return self.report["latency"][kind]["percentiles_ns"][percentile] / 1e3


def ms(seconds):
    """A duration as weir-load takes it."""
    return f"{round(seconds * 1000)}ms"


class LoadRun:
    """One run of weir-load: start it, wait until it measures, finish it."""

    def __init__(self, setting, verb, port, arguments, *, seconds=None, cores=None, gives_way=False):
        self._setting = setting
        self.seconds = seconds or setting.window
        self._json = setting.folder / f"load-{next(RUNS)}.json"  # several may load one port
        cores = cores or setting.load_cores
        command = [setting.program("weir-load"), verb, "-W", ms(setting.warmup), "-d", ms(self.seconds),
                   "-i", ms(TICK), "-t", len(cores), "--json", self._json, *arguments, f"127.0.0.1:{port}"]
        self.running = setting.processes.start("weir-load", command, cores, stderr=subprocess.PIPE,
                                                gives_way=gives_way)
        self._progress = self.running.popen.stderr.fileno()
        os.set_blocking(self._progress, False)
        self._poller = select.poll()  # select.select takes no descriptor from 1024 on, which held connections reach
        self._poller.register(self._progress, select.POLLIN)
        self._said = b""
        self.began = None  # when the load began, its warmup being first

    def look(self, patience):
        """Takes what weir-load says of its progress, for so long at most."""
        if not self._poller.poll(patience * 1000):
            return
        text = os.read(self._progress, 65536)
        self._said = (self._said + text)[-4096:]
        if self.began is None and PHASE.search(text):
            self.began = time.monotonic() - TICK  # its first line comes one tick after the beginning
        if not text:
            time.sleep(patience)  # it has closed its end and is about to exit

    def is_over(self):
        return self.running.popen.poll() is not None

    def report(self):
        """Its report, once it is over; raises NotServed if anything went wrong."""
        if self.running.popen.returncode not in (0, 1, 4) or not self._json.exists():
            raise NotServed(f"weir-load exited with {self.running.popen.returncode}: {self._said.decode().strip()}")
        report = json.loads(self._json.read_text())
        self._json.unlink()
        check(report)
        return report

    def stop(self):
        self._setting.processes.stop(self.running)


def check(report):
    """Raises NotServed unless every connection was reached and every reply was right."""
    connections, errors = report["connections"], report["errors"]
    if connections["reached"] != connections["asked"]:
        raise NotServed(f"{connections['reached']} of {connections['asked']} connections were reached")
    if errors["total"]:
        kinds = {kind: count for kind, count in errors["kinds"].items() if count}
        raise NotServed(f"{errors['total']} errors: {kinds} {' '.join(errors['examples'][:1])}")
    if not report["requests"]["completed"]:
        raise NotServed("no request was answered")
    if report["exit_status"] != 0:
        raise NotServed(f"weir-load exited with {report['exit_status']}")


def run_load(setting, verb, serving, arguments, *, with_pss=False, cores=None):
    """Loads a peer for the setting's window and gives what came of it."""
    sampler = CpuSampler(serving.pid)
    load = LoadRun(setting, verb, serving.port, arguments, cores=cores)
    pss = 0.0
    try:
        deadline = time.monotonic() + setting.warmup + load.seconds + START_AND_DRAIN
        while not load.is_over():
            sampler.read()
            was_connecting = load.began is None
            load.look(BETWEEN_READINGS)
            if was_connecting and load.began:
                sampler.find_children()  # socat has a process for each connection
            now = time.monotonic()
            if with_pss and not pss and load.began:
                into = now - load.began - setting.warmup
                if 0.5 * load.seconds < into < 0.95 * load.seconds:
                    pss = pss_bytes(tree(serving.pid))
            if now > deadline:
                raise NotServed(f"weir-load did not end within {START_AND_DRAIN:.0f} s of its time")
        sampler.read()
        report = load.report()
        if with_pss and not pss:
            raise NotServed("the memory was not read while the load ran")
    finally:
        load.stop()
    if load.began is None:
        raise NotServed("weir-load never said that it measures")
    start = load.began + setting.warmup
    return Outcome(report, sampler.between(start, start + report["window_s"]), pss)
