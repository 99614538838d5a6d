"""What every measurement needs to know: programs, cores, times, limits."""

import resource
from dataclasses import dataclass
from pathlib import Path

from weirbench.process import Processes

BENCH = Path(__file__).resolve().parent.parent
SOURCE = BENCH.parent
ENOUGH_DESCRIPTORS = 20_000


@dataclass
class Setting:
    programs: Path
    folder: Path
    proxy_cores: frozenset
    load_cores: frozenset
    rounds: int
    warmup: float
    window: float
    quick: bool
    descriptors: int
    processes: Processes
    missing: dict  # peer → why it cannot take part
    before: bool = False  # another build of Weir takes part

    @property
    def all_cores(self):
        return self.proxy_cores | self.load_cores

    def program(self, name):
        return self.programs / name

    def few(self, full, quick):
        """The one or the other, for what a quick run does less of."""
        return quick if self.quick else full

    def lacks_descriptors(self, connections, each=2, spare=500):
        """Why so many connections cannot be tried, or an empty string."""
        needed = each * connections + spare
        if needed <= self.descriptors:
            return ""
        return f"needs {needed} descriptors a process, but the hard limit (ulimit -Hn) is {self.descriptors}"


def raise_descriptor_limit():
    """The soft limit becomes the hard one, or what the largest cell needs where that is less, for us and what we start;
    gives it. A peer that sizes its tables by the limit would begin with gigabytes under some container engines' limits.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = ENOUGH_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit
