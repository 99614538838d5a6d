"""What bench/run takes from the command line, and the run as a whole."""

import argparse
import contextlib
import datetime
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from weirbench import machine
from weirbench.failures import Interrupted
from weirbench.method import Method
from weirbench.process import Processes
from weirbench.programs import NotBuilt, gather, gather_before
from weirbench.rows import ROWS
from weirbench.setting import SOURCE, Setting, raise_descriptor_limit
from weirbench.table import whole_table

SCHEMA = 1
SERVED, NOT_SERVED, USAGE = 0, 1, 2
# Seconds of warmup and of measuring, and rounds.
FULL = (1.0, 3.0, 5)
QUICK = (0.2, 0.6, 2)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="bench/run", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compares Weir with HAProxy, nginx and hand-written epoll programs, interleaved and pinned.",
        epilog="exit status: 0 everything ran, 1 a peer failed to serve, 2 bad usage or nothing to run")
    parser.add_argument("--rows", metavar="A,B", help="only these rows")
    parser.add_argument("--cells", metavar="TEXT", default="", help="only cells whose name holds this: '64 x 64 B'")
    parser.add_argument("--list", action="store_true", help="list the rows and exit")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"rounds of every comparison ({FULL[2]})")
    parser.add_argument("--quick", action="store_true", help="in five minutes, to see that it works")
    parser.add_argument("--window", type=float, metavar="S", help=f"seconds that are measured each time ({FULL[1]:g})")
    parser.add_argument("--programs", type=Path, metavar="DIR",
                        help="where weir and weir-load stand; else they are built, and what is missing is installed")
    parser.add_argument("--before", type=Path, metavar="DIR",
                        help="where another build's weir stands, which is measured beside this one's: 'before'")
    parser.add_argument("--proxy-cores", metavar="LIST", help="cores of what is measured (0): 0,2 or 0-3")
    parser.add_argument("--load-cores", metavar="LIST", help="cores of clients and backends (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", default=SOURCE / "build" / "bench" / "results.json",
                        help="the results (build/bench/results.json)")
    options = parser.parse_args(arguments)
    options.chosen = choose_rows(parser, options.rows)
    usable = os.sched_getaffinity(0)
    first, second = sorted(usable)[0], sorted(usable)[:2][-1]
    options.proxy_cores = cores(parser, options.proxy_cores, frozenset({first}), usable)
    options.load_cores = cores(parser, options.load_cores, frozenset({second}), usable)
    warmup, window, rounds = QUICK if options.quick else FULL
    options.warmup = warmup
    options.window = window if options.window is None else options.window
    options.rounds = rounds if options.rounds is None else options.rounds
    if options.rounds < 1 or not 0.2 <= options.window <= 600:
        parser.error("--rounds takes 1 and more, --window 0.2 to 600 seconds")
    return options


def choose_rows(parser, names):
    if names is None:
        return ROWS
    wanted = names.split(",")
    known = {row.name: row for row in ROWS}
    for name in wanted:
        if name not in known:
            parser.error(f"no row '{name}'; there are {', '.join(known)}")
    return [row for row in ROWS if row.name in wanted]


def cores(parser, text, otherwise, usable):
    """A set of cores of a list such as 0,2-3."""
    if text is None:
        return otherwise
    try:
        found = set()
        for part in text.split(","):
            first, _, last = part.partition("-")
            found |= set(range(int(first), int(last or first) + 1))
    except ValueError:
        parser.error(f"'{text}' is no list of cores; write 0,2 or 0-3")
    if not found or not found <= usable:
        parser.error(f"cores {text} are not all usable here; there are {sorted(usable)}")
    return frozenset(found)


def say(text):
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def tidily(processes):
    """SIGINT and SIGTERM end the block; nothing that it started is left running, and a second signal doesn't matter."""
    def interrupt(number, _frame):
        raise Interrupted(signal.Signals(number).name)

    both = (signal.SIGINT, signal.SIGTERM)
    for number in both:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in both:
            signal.signal(number, signal.SIG_IGN)
        processes.stop_all()


def measure(options, folder, processes):
    """The results, as they stand in the JSON file."""
    os.environ["PATH"] += ":/usr/sbin"  # where Debian has haproxy and nginx, and users' PATH has nothing
    gather(options.programs, folder / "bin")
    if options.before:
        gather_before(options.before, folder / "bin")
    versions = machine.versions(folder / "bin")
    setting = Setting(
        programs=folder / "bin", folder=folder, proxy_cores=options.proxy_cores, load_cores=options.load_cores,
        rounds=options.rounds, warmup=options.warmup, window=options.window, quick=options.quick,
        before=options.before is not None,
        descriptors=raise_descriptor_limit(), processes=processes, missing=machine.missing_peers(versions))
    os.sched_setaffinity(0, options.load_cores)  # what the benchmark itself takes belongs to the load
    began = time.monotonic()
    results = {
        "schema": SCHEMA, "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "quick": options.quick, "rounds": options.rounds, "warmup_s": options.warmup, "window_s": options.window,
        "proxy_cores": sorted(options.proxy_cores), "load_cores": sorted(options.load_cores),
        "machine": machine.shape() | {"descriptors": setting.descriptors}, "versions": versions, "rows": []}
    method = Method(setting, options.cells, say)
    for row in options.chosen:
        results["rows"].append(method.run(row))
        results |= {"took_s": round(time.monotonic() - began), "failures": method.failures}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(results, indent=1) + "\n")  # after each row: a run may be ended early
    return results


def main(arguments):
    options = parse(arguments)
    if options.list:
        for row in ROWS:
            print(f"{row.name:<15} {row.title}")
        return SERVED
    if options.proxy_cores & options.load_cores:
        say("bench: the load shares a core with what is measured; expect latencies to mean little")
    with tempfile.TemporaryDirectory(prefix="weir-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # a database server runs under a user of its own
        processes = Processes(folder)
        try:
            with tidily(processes):
                results = measure(options, folder, processes)
        except NotBuilt as error:
            say(f"bench: {error}")
            return USAGE
        except Interrupted as interrupted:
            say(f"bench: {interrupted}: ended early; rows that were finished stand in {shown(options.json)}")
            return 128 + signal.Signals[str(interrupted)].value
    if not any(row["cells"] for row in results["rows"]):
        say(f"bench: no cell whose name holds '{options.cells}' in these rows")
        return USAGE
    print(whole_table(results))
    print(f"\n{results['took_s']} s; results in {shown(options.json)}")
    for failure in results["failures"]:
        say(f"bench: {failure}")
    return NOT_SERVED if results["failures"] else SERVED


def shown(path):
    """A path as short as it can be said from here."""
    path = path.resolve()
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
