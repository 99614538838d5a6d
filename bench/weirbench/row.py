"""What a row of the benchmark is made of."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Metric:
    key: str
    title: str
    better: str = "less"  # or "more"
    digits: int = 1

    def to_json(self):
        title = self.title if self.better == "less" else f"{self.title} (more is better)"
        return {"key": self.key, "title": title, "better": self.better, "digits": self.digits}


@dataclass
class Cell:
    """One situation in which peers are compared."""

    name: str
    peers: list
    measure: Callable  # peer → {metric: value}, with a second argument where something is standing; raises NotServed
    parameters: dict = field(default_factory=dict)
    left_out: str = ""
    standing: Callable | None = None  # a context manager of what stands while the cell is measured, such as a database


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    shows: str
    metrics: tuple
    cells: Callable  # Setting → list of Cell
    subject: str = "weir"
    most_rounds: int = 100
    before: bool = False  # another build of Weir may stand beside this one's (bench/run --before)
    base: Callable | None = None  # peer → what its figures are held against, in place of the subject against the peer
    beside: str = ""  # with a base: what stands beside a figure
