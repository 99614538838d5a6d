"""What must be reached and where we mean to be, and whether a run's results are there.

Ratios are Weir's figure over the peer's in the same round, medians over the rounds.
"""

from dataclasses import dataclass, field

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

    def verdict(self):
        """The worst of its checks; `not measured` without any."""
        verdicts = {check.verdict() for check in self.checks}
        return next((verdict for verdict in ("missed", "must", "goal") if verdict in verdicts), "not measured")


def _ratio_checks(cells, metric, bounds, unit=""):
    """Checks of the ratio to each peer that has bounds: {peer: (must, goal)}."""
    return [Check(f"{cell['name']}{unit}: {peer}", ratio, must, goal)
            for cell in cells for peer, (must, goal) in bounds.items()
            if (ratio := ratio_of(cell, peer, metric)) is not None]


def _against_the_better(cells, metric, limit, unit=""):
    """Within a limit of the better of HAProxy and nginx, which is the one with the larger ratio; goal: below both."""
    checks = []
    for cell in cells:
        found = {peer: ratio for peer in COMPARED if (ratio := ratio_of(cell, peer, metric)) is not None}
        if found:
            peer = max(found, key=found.get)
            checks.append(Check(f"{cell['name']}{unit}: {peer}", found[peer], Bound("≤", limit), Bound("<", 1.0)))
    return checks


def _requests(results):
    below = (Bound("<", 1.0), Bound("<", 1.0))
    bounds = {"haproxy": below, "nginx": below, "epoll": (Bound("≤", 1.15), Bound("≤", 1.05))}
    return Target("64 B requests, CPU per request", "below HAProxy and nginx, ≤ 1.15 × epoll", "≤ 1.05 × epoll",
                  _ratio_checks(results.cells("requests", length="64"), "cpu_us", bounds))


def _latency(results):
    checks = []
    for metric, unit in (("p99_us", ", p99"), ("p999_us", ", p99.9")):
        for cells in (results.cells("requests", length="64"), results.cells("newcomers")):
            checks += _against_the_better(cells, metric, 1.1, unit)
    return Target("64 B requests and newcomers, p99 and p99.9", "≤ 1.1 × the better of HAProxy and nginx",
                  "below both", checks)


def _bulk(results):
    as_it_comes = (Bound("≤", 0.35), Bound("≤", 0.25))
    bounds = {"haproxy": as_it_comes, "nginx": as_it_comes, "haproxy-splice": (Bound("≤", 1.0), Bound("≤", 0.8))}
    return Target("bulk, CPU per GB", "≤ 0.35 × HAProxy and nginx as they come, ≤ HAProxy with splice forced",
                  "≤ 0.25 × as they come, ≤ 0.8 × forced", _ratio_checks(results.cells("bulk"), "cpu_s", bounds))


def _throughput(results):
    not_below = (Bound("≥", 1.0), None)
    bounds = dict.fromkeys(("haproxy", "nginx", "haproxy-splice"), not_below)
    return Target("bulk, throughput", "not below any", "", _ratio_checks(results.cells("bulk"), "gbit", bounds))


def _churn(results):
    return Target("connection churn, CPU per connection", "≤ 1.05 × the better of HAProxy and nginx", "below both",
                  _against_the_better(results.cells("churn"), "cpu_us", 1.05))


def _idle(results, kind, work, must, goal):
    checks = [Check(cell["name"], value, Bound("≤", must), Bound("≤", goal))
              for cell in results.cells("idle-memory", kind=kind)
              if (value := median_of(cell, "weir", "fresh")) is not None]
    return Target(f"{work}, resident", f"≤ {must} B", f"≤ {goal} B", checks)


def _given_back(results):
    checks = []
    for cell in results.cells("idle-memory"):
        fresh, after = median_of(cell, "weir", "fresh"), median_of(cell, "weir", "after_bulk")
        if fresh and after is not None:
            checks.append(Check(f"{cell['name']}: over what it was", after / fresh, Bound("≤", 1.02)))
    return Target("idle connection after it carried 1 GB", "the same, within 2 %", "", checks)


def _echo(results):
    cells = results.cells("echo", connections=64)
    bounds = {"gevent": (Bound("≤", 0.5), None), "epoll": (Bound("≤", 1.10), Bound("≤", 1.05))}
    return Target("echo, 64 B, CPU per request", "≤ 0.5 × gevent, ≤ 1.10 × epoll", "≤ 1.05 × epoll",
                  _ratio_checks(cells, "cpu_us", bounds))


def _workers(results):
    bounds = {"weir-1": (Bound("≤", 1.1), Bound("≤", 1.03))}
    return Target("two workers on two cores, CPU per request", "≤ 1.1 × one worker's", "≤ 1.03 ×",
                  _ratio_checks(results.cells("workers"), "cpu_us", bounds))


def _client(results):
    bounds = {"epoll": (Bound("≥", 0.85), Bound("≥", 0.95))}
    return Target("weir-load echo, requests per CPU second", "≥ 0.85 × a hand-written epoll client", "≥ 0.95 ×",
                  _ratio_checks(results.cells("client"), "per_cpu_s", bounds))


def _growth(results):
    target = Target("cost as connections grow 64 → 8000", "CPU per request grows by no more than HAProxy's", "")
    few, many = results.cells("growth", connections=64), results.cells("growth", connections=8000)
    if few and many:
        grown = [median_of(many[0], peer, "cpu_us") / median_of(few[0], peer, "cpu_us") for peer in ("weir", "haproxy")
                 if median_of(many[0], peer, "cpu_us") and median_of(few[0], peer, "cpu_us")]
        if len(grown) == 2:
            target.checks.append(Check(f"Weir × {grown[0]:.2f}, HAProxy × {grown[1]:.2f}: one over the other",
                                       grown[0] / grown[1], Bound("≤", 1.0)))
    return target


def targets(results):
    """All targets with what these results say of them."""
    return [_requests(results), _latency(results), _bulk(results), _throughput(results), _churn(results),
            _idle(results, "proxy", "idle proxied connection", 1700, 1000),
            _idle(results, "echo", "idle echo connection", 1200, 700), _given_back(results), _echo(results),
            _workers(results), _client(results), _growth(results)]
