"""Documents of weir-load that are made up, for the tests of the reports' page: small, and the same each time."""

import math
import random

MACHINE = {"host": "box", "kernel": "Linux 6.1", "cpu": "Fast CPU", "cpus": 4}
PERCENTILES = ("50", "75", "90", "99", "99.9", "99.99")


def lowest_of(value):
    """The lowest value of the bucket that a time in ns falls into: docs/load-testing.md, "The histogram"."""
    width = 1 << max(0, value.bit_length() - 11)
    return value - value % width


def buckets_of(times):
    counts = {}
    for time in times:
        counts[lowest_of(time)] = counts.get(lowest_of(time), 0) + 1
    return [[lowest, counts[lowest]] for lowest in sorted(counts)]


def percentile(times, percent):
    """By nearest rank; 0 of nothing."""
    return sorted(times)[max(0, math.ceil(len(times) * percent / 100) - 1)] if times else 0


def histogram(times):
    return {
        "count": len(times), "above_range": 0, "min_ns": min(times, default=0), "max_ns": max(times, default=0),
        "mean_ns": sum(times) // max(1, len(times)), "sum_ns": sum(times), "buckets": buckets_of(times),
        "percentiles_ns": {each: percentile(times, float(each)) for each in PERCENTILES},
    }  # fmt: skip


def load_report(*, slow=1.0, rate=200, seconds=10, stall=False, seed=1):
    """An open loop of `rate` a second, the first second of it warmup; `stall`: no reply comes in the sixth second."""
    chance = random.Random(seed)
    intervals, responses, services, lags = [], [], [], []
    for second in range(seconds):
        silent, late = stall and second == 5, stall and second == 6
        times = [] if silent else [int(chance.lognormvariate(13, 0.5) * slow) for _ in range(rate)]
        if late:
            times += [int(1e9 * (1 - i / rate)) + 300_000 for i in range(rate)]
        if second > 0:
            responses += times
            services += [int(each * 0.8) for each in times]
            lags += [chance.randrange(5_000, 40_000) for _ in times]
        intervals.append({
            "at_s": second + 1.0, "length_s": 1.0, "done": len(times), "errors": 2 if late else 0, "p50_ns": percentile(times, 50) if second else 0,
            "p99_ns": percentile(times, 99) if second else 0, "buckets": buckets_of(times) if second else [],
        })  # fmt: skip
    empty = histogram([])
    latency = {"response": histogram(responses), "service": histogram(services), "lag": histogram(lags), "connect": histogram([90_000, 120_000]),
               "first_byte": empty, "close": empty, "cycle": empty, "newcomer": empty}  # fmt: skip
    return {
        "schema": 1, "program": "weir-load", "version": "0.1.0", "workload": "echo", "target": "server:7000", "endpoint": "192.0.2.1:7000",
        "started": "2026-11-27T12:00:00.000Z", "began": "2026-11-27T12:00:00.100Z", "machine": MACHINE,
        "command": ["weir-load", "echo", "-R", str(rate), "--message", "it's {n}", "server:7000"],
        "options": {"connections": 2, "duration_s": seconds - 1.0, "requests": None, "rate": rate, "warmup_s": 1.0, "arrivals": "uniform",
                    "interval_s": 1.0, "length": "64", "message": None, "pipeline": None, "think_s": 0.0},
        "generators": 1, "threads": 2, "ended_by": "duration", "window_s": seconds - 1.0,
        "connections": {"asked": 2, "reached": 2, "reopened": 0, "renewed": 0, "newcomers": 0},
        "requests": {"completed": len(responses), "sent": len(responses), "held": 0, "answered": len(responses), "unfinished": 0, "unsent": 0,
                     "missed": 0, "done": len(responses)},
        "cycles": 0, "rate": len(responses) / (seconds - 1.0), "bytes_each_way": 64 * len(responses), "latency": latency,
        "errors": {"total": 2 if stall else 0, "wrong_replies": 0, "kinds": {"reset": 2 if stall else 0, "corrupt": 0}, "wrong": [],
                   "examples": ["connection 1: connection reset"] if stall else []},
        "fairness": {"jain": 0.998, "fastest_mean_ns": 400_000, "slowest_mean_ns": 480_000, "starved": 0, "served": 2,
                     "connections": {"replies": {"min": 880, "p10": 881, "p50": 900, "p90": 915, "max": 920},
                                     "p99_ns": {"min": 1_100_000, "p10": 1_110_000, "p50": 1_200_000, "p90": 1_700_000, "max": 9_000_000}}},
        "generator": {"cpu_s": 0.5, "processors": 2, "share": 0.028, "machine_busy": 0.31, "retransmits": 0},
        "verdict": {"limited_by": "rate", "reason": "every request was sent when it was due"},
        "slo": [{"clause": "p99=5ms", "what": "p99", "limit_ns": 5_000_000, "found_ns": latency["response"]["percentiles_ns"]["99"],
                 "met": latency["response"]["percentiles_ns"]["99"] <= 5_000_000},
                {"clause": "errors=0.01", "what": "errors", "limit": 0.01, "found": 0.001, "met": True}],
        "intervals": intervals, "exit_status": 0,
    }  # fmt: skip


def difference(what, a, b, spread, finding):
    change, known = b / a - 1, spread is not None
    return {
        "what": what, "a_ns": a, "b_ns": b, "change": change, "low": change - spread if known else None, "high": change + spread if known else None,
        "added_ns": b - a, "added_low_ns": int(b - a - spread * a) if known else None, "added_high_ns": int(b - a + spread * a) if known else None,
        "finding": finding,
    }  # fmt: skip


def side(label, report):
    return {
        "label": label, "target": report["target"], "endpoint": report["endpoint"], "runs": 1, "started": report["started"], "machine": MACHINE,
        "rate": report["rate"], "errors": report["errors"]["total"], "wrong_replies": 0, "latency": report["latency"]["response"],
    }  # fmt: skip


def comparison(a, b, *, question="compare"):
    one, other = (each["latency"]["response"] for each in (a, b))
    pairs = [(f"p{each}", one["percentiles_ns"][each], other["percentiles_ns"][each]) for each in PERCENTILES]
    findings = ("slower", "slower", "unclear", "same", "faster", "too_few")
    differences = [difference(what, x, y, None if finding == "too_few" else 0.04, finding) for (what, x, y), finding in zip(pairs, findings)]
    differences.append(difference("max", one["max_ns"], other["max_ns"], None, "too_few"))
    differences.append({"what": "rate", "a": a["rate"], "b": b["rate"], "change": b["rate"] / a["rate"] - 1, "low": -0.01, "high": 0.01, "finding": "same"})
    return {
        "schema": 1, "program": "weir-load", "version": "0.1.0", "kind": "comparison", "command": ["weir-load", question, "a.json", "b.json"],
        "question": question, "method": {"resampling": "moving_blocks", "resamples": 2000, "confidence": 0.95, "blocks": [30, 30], "block_s": 3.0,
                                         "smallest_effect": 0.05},
        "a": side("a.json", a), "b": side("b.json", b), "differences": differences, "objections": ["B is limited by its generator: lag p99 is 2 ms"],
        "sentence": "B is slower: p50 by 50 % (46 to 54 %).",
        "regressions": [{"clause": "p99=10%", "what": "p99", "limit": 0.1, "change": 0.5, "exceeded": True}],
        "proxy": {"pid": 123, "name": "weir", "cpu_s": 1.2, "cores": 0.4, "us_per_request": 12.3} if question == "via" else None, "exit_status": 3,
    }  # fmt: skip


def capacity():
    steps = []
    for rate, p99 in ((1000, 600_000), (4000, 900_000), (16000, 240_000_000), (8000, 2_100_000), (12000, 85_000_000), (10000, 4_400_000)):
        met = p99 <= 5_000_000
        steps.append({
            "rate": rate, "achieved": rate * 0.999, "length_s": 3.0, "p50_ns": p99 // 6, "p99_ns": p99, "p99.9_ns": p99 * 2, "errors": 0 if met else 7,
            "met": met, "broken": [] if met else [f"p99 is {p99 / 1e6:g} ms, more than 5 ms", "7 errors, more than 0"],
            "limited_by": "rate" if met else "server",
        })  # fmt: skip
    return {
        "schema": 1, "program": "weir-load", "version": "0.1.0", "kind": "capacity", "command": ["weir-load", "capacity", "server:7000"],
        "target": "server:7000", "endpoint": "192.0.2.1:7000", "started": "2026-11-27T12:00:00.000Z", "machine": MACHINE, "slo": ["p99=5ms", "errors=0"],
        "capacity": 10000.0, "fails_at": 12000.0, "gave_way": "server", "reason": "its p99 rose while the generator kept its plan", "steps": steps,
        "exit_status": 0,
    }  # fmt: skip
