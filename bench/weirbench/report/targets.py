"""What must be reached and where we mean to be, and whether a run's results are there.

Ratios are Weir's figure over the peer's in the same round, medians over the rounds; where a row grows in size, Weir's
over its own at the least size. A target is reached only if all
cells and peers that it rests on were measured.
"""

from dataclasses import dataclass, field
from statistics import median

from weirbench.report import needed
from weirbench.report.results import median_of, ratio_of

COMPARED = ("haproxy", "nginx")
HOLDS = {"<": lambda value, limit: value < limit, "≤": lambda value, limit: value <= limit,
         "≥": lambda value, limit: value >= limit}


@dataclass(frozen=True)
class Bound:
    sign: str
    limit: float

    def holds(self, value):
        return HOLDS[self.sign](value, self.limit)

    def __str__(self):
        return f"{self.sign} {self.limit:,g}"


@dataclass(frozen=True)
class Check:
    """One figure against its bounds; a goal that is None asks for nothing beyond `must`."""

    what: str
    value: float
    must: Bound
    goal: Bound | None = None

    def verdict(self):
        if not self.must.holds(self.value):
            return "missed"
        return "must" if self.goal and not self.goal.holds(self.value) else "goal"


@dataclass
class Target:
    work: str
    must: str
    goal: str
    checks: list = field(default_factory=list)
    missing: list = field(default_factory=list)  # what it rests on and these results do not have
    begun: bool = False  # at least one of its cells was measured

    def verdict(self):
        """The worst of its checks. What misses is missed whatever else is measured; reached takes all there is."""
        if not self.begun:
            return "not measured"
        verdicts = {check.verdict() for check in self.checks}
        if "missed" in verdicts:
            return "missed"
        if self.missing:
            return "partly measured"
        return "must" if "must" in verdicts else "goal"

    def lacks(self, what):
        if what not in self.missing:
            self.missing.append(what)

    def measured(self, results, cells):
        """The cells that were measured; the others are missing."""
        for wanted in cells:
            cell = wanted.cell(results)
            if cell:
                self.begun = True
                yield cell
            else:
                self.lacks(f"{wanted.name} ({wanted.row})")

    def ratios(self, results, cells, metric, peers, unit=""):
        """For each measured cell what to call it and {peer: ratio}; peers without a ratio are missing."""
        for cell in self.measured(results, cells):
            found = {peer: ratio for peer in peers if (ratio := ratio_of(cell, peer, metric)) is not None}
            absent = [peer for peer in peers if peer not in found]
            if absent:
                self.lacks(f"{cell['name']}{unit}: {', '.join(absent)}")
            yield cell["name"] + unit, found

    def hold_against(self, results, cells, metric, bounds):
        """Checks of the ratio to each peer that has bounds: {peer: (must, goal)}."""
        for name, found in self.ratios(results, cells, metric, bounds):
            self.checks += [Check(f"{name}: {peer}", ratio, *bounds[peer]) for peer, ratio in found.items()]
        return self

    def hold_against_the_better(self, results, cells, metric, limit, unit=""):
        """Within a limit of the better of HAProxy and nginx: the one with the larger ratio; goal: below both."""
        for name, found in self.ratios(results, cells, metric, COMPARED, unit):
            if found:
                peer = max(found, key=found.get)
                self.checks.append(Check(f"{name}: {peer}", found[peer], Bound("≤", limit), Bound("<", 1.0)))
        return self


def _requests(results):
    below = (Bound("<", 1.0), Bound("<", 1.0))
    bounds = {"haproxy": below, "nginx": below, "epoll": (Bound("≤", 1.15), Bound("≤", 1.05))}
    target = Target("64 B requests, CPU per request", "below HAProxy and nginx, ≤ 1.15 × epoll", "≤ 1.05 × epoll")
    return target.hold_against(results, needed.REQUESTS, "cpu_us", bounds)


def _latency(results):
    target = Target("64 B requests and newcomers, p99 and p99.9", "≤ 1.1 × the better of HAProxy and nginx",
                    "below both")
    for metric, unit in (("p99_us", ", p99"), ("p999_us", ", p99.9")):
        target.hold_against_the_better(results, needed.REQUESTS + needed.NEWCOMERS, metric, 1.1, unit)
    return target


def _bulk(results):
    as_it_comes = (Bound("≤", 0.35), Bound("≤", 0.25))
    bounds = {"haproxy": as_it_comes, "nginx": as_it_comes, "haproxy-splice": (Bound("≤", 1.0), Bound("≤", 0.8))}
    target = Target("bulk, CPU per GB", "≤ 0.35 × HAProxy and nginx as they come, ≤ HAProxy with splice forced",
                    "≤ 0.25 × as they come, ≤ 0.8 × forced")
    return target.hold_against(results, needed.BULK, "cpu_s", bounds)


def _throughput(results):
    bounds = dict.fromkeys(("haproxy", "nginx", "haproxy-splice"), (Bound("≥", 1.0), None))
    return Target("bulk, throughput", "not below any", "").hold_against(results, needed.BULK, "gbit", bounds)


def _churn(results):
    target = Target("connection churn, CPU per connection", "≤ 1.05 × the better of HAProxy and nginx", "below both")
    return target.hold_against_the_better(results, needed.CHURN, "cpu_us", 1.05)


def _idle(results, cells, work, must, goal):
    target = Target(f"{work}, resident", f"≤ {must} B", f"≤ {goal} B")
    for cell in target.measured(results, cells):
        value = median_of(cell, "weir", "fresh")
        if value is None:
            target.lacks(f"{cell['name']}: weir")
        else:
            target.checks.append(Check(cell["name"], value, Bound("≤", must), Bound("≤", goal)))
    return target


def _given_back(results):
    target = Target("idle connection after it carried 1 GB", "the same, within 2 %", "")
    for cell in target.measured(results, needed.IDLE_PROXIED + needed.IDLE_ECHO):
        grown = [sample["after_bulk"] / sample["fresh"] for sample in cell["rounds"].get("weir", [])
                 if sample and sample["fresh"]]
        if grown:
            target.checks.append(Check(f"{cell['name']}: over what it was", median(grown), Bound("≤", 1.02)))
        else:
            target.lacks(f"{cell['name']}: weir")
    return target


def _echo(results):
    bounds = {"gevent": (Bound("≤", 0.5), None), "epoll": (Bound("≤", 1.10), Bound("≤", 1.05))}
    target = Target("echo, 64 B, CPU per request", "≤ 0.5 × gevent, ≤ 1.10 × epoll", "≤ 1.05 × epoll")
    return target.hold_against(results, needed.ECHO, "cpu_us", bounds)


def _workers(results):
    bounds = {"weir-1": (Bound("≤", 1.1), Bound("≤", 1.03))}
    target = Target("two workers on two cores, CPU per request", "≤ 1.1 × one worker's", "≤ 1.03 ×")
    return target.hold_against(results, needed.WORKERS, "cpu_us", bounds)


def _client(results):
    bounds = {"epoll": (Bound("≥", 0.85), Bound("≥", 0.95))}
    target = Target("weir-load echo, requests per CPU second", "≥ 0.85 × a hand-written epoll client", "≥ 0.95 ×")
    return target.hold_against(results, needed.CLIENT, "per_cpu_s", bounds)


def _growth(results):
    """Weir grows no more than HAProxy exactly if its ratio to HAProxy does not grow; both ratios are of one round."""
    target = Target("cost as connections grow 64 → 8000", "CPU per request grows by no more than HAProxy's", "")
    ratios = [found["haproxy"] for _, found in target.ratios(results, (needed.FEW, needed.MANY), "cpu_us", ("haproxy",))
              if found]
    if len(ratios) == 2:
        few, many = ratios
        target.checks.append(Check(f"Weir over HAProxy {few:.3f} at 64, {many:.3f} at 8000: the one over the other",
                                   many / few, Bound("≤", 1.0)))
    return target


def _upstreams(results):
    bounds = {f"weir-{servers}": (Bound("≤", 1.05), None) for servers in (10, 100, 1000)}
    target = Target("a connection to one of 10, 100, 1000 backends, CPU", "≤ 1.05 × one backend, each policy", "")
    return target.hold_against(results, needed.UPSTREAMS, "cpu_us", bounds)


def targets(results):
    """All targets with what these results say of them."""
    return [_requests(results), _latency(results), _bulk(results), _throughput(results), _churn(results),
            _idle(results, needed.IDLE_PROXIED, "idle proxied connection", 1700, 1000),
            _idle(results, needed.IDLE_ECHO, "idle echo connection", 1200, 700), _given_back(results), _echo(results),
            _workers(results), _client(results), _growth(results), _upstreams(results)]
