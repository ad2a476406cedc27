"""What figures say against a limit: medians, shares, ratios; arithmetic only."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from statistics import median

PAIRS, QUICK_PAIRS = 5, 1
PAGE_LIMIT, GROWTH_LIMIT, CROWD_LIMIT, MEMORY_LIMIT, START_LIMIT = 1.5, 1.25, 1.5, 1.05, 1.5
STATEMENTS_LIMIT, RIGHTS_LIMIT = 12, 2
CLAUSES_COLD_MS, CLAUSES_KEPT_MS, CLAUSES_GROWTH = 3_000, 300, 5


class Kind(StrEnum):
    """What is held against what."""

    PAGE = "page"
    GROWTH = "growth"
    CROWD = "crowd"
    MEMORY = "memory"
    START = "start"
    STATEMENTS = "statements"
    RIGHTS = "rights"
    CLAUSES = "clauses"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: ours, what it is held against, and how far it may go beyond."""

    kind: Kind
    name: str
    ours: float
    against: float
    limit: float
    unit: str = "ms"
    note: str = ""

    @property
    def ratio(self) -> float:
        """Ours for each one of the other's; counts are held against the limit itself."""
        return self.ours / self.against if self.against else float("inf")

    @property
    def is_met(self) -> bool:
        """Whether the limit holds, as the table shows it: to two places."""
        return round(self.ratio, 2) <= self.limit

    def as_json(self) -> dict[str, object]:
        """Return what another program wants to know."""
        return {
            "kind": self.kind.value,
            "name": self.name,
            "ours": round(self.ours, 3),
            "against": round(self.against, 3),
            "unit": self.unit,
            "ratio": round(self.ratio, 3),
            "limit": self.limit,
            "met": self.is_met,
            "note": self.note,
        }


def paired(
    kind: Kind, name: str, pairs: Sequence[tuple[float, float]], *, limit: float, unit: str = "ms", note: str = ""
) -> Figure:
    """Hold the median of ours against the median of the other's, from pairs measured in turn."""
    ours, others = (median(side) for side in zip(*pairs, strict=True))
    return Figure(kind, name, ours, others, limit, unit, note)


def counted_figure(kind: Kind, name: str, count: int, *, most: int, note: str = "") -> Figure:
    """Hold a count against the most there may be."""
    return Figure(kind, name, count, most, 1.0, "", note)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * share - 1e-9) - 1)]  # 0.95 × 20 is a little more than 19
