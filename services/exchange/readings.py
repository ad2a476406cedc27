"""What reading a roster gives: the children, the problems, the rows to give back, the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Generic, TypeVar

from .errors import HeaderCandidate
from .headers import Column
from .reasons import Reason

Position = str | int  # "sheet!row", or the number of the data row in a text file; "….2" is the second child of a row


def nth_of(position: Position, place: int) -> Position:
    """Return where the first, second … child of a row stands, `place` counted from 0."""
    return f"{position}.{place + 1}" if place else position


def place_of(position: Position) -> tuple[str, int, int]:
    """Return the sheet (blank in a text file), the row, and which child of the row is meant."""
    sheet, _, number = str(position).rpartition("!")
    row, _, nth = number.partition(".")
    return sheet, int(row), int(nth or 1)


class Kind(StrEnum):
    """What became of the row a problem was found in."""

    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing to look at: where, which column, why, what stands there, and whose row it is, both shortened."""

    position: Position
    header: str
    reason: Reason
    kind: Kind
    value: str
    name: str = ""  # as the file has it; blank where its row has none


@dataclass(slots=True, kw_only=True)
class RosterRow:
    """One child as the roster describes it."""

    position: Position
    name: str
    gender: str
    birth_day: date
    id_number: str | None
    grade: int
    class_no: int
    student_no: str | None = None
    national_no: str | None = None
    guardian_name: str | None = None
    guardian_relation: str | None = None
    guardian_phone: str | None = None
    guardian_second_phone: str | None = None
    father_name: str | None = None
    father_phone: str | None = None
    mother_name: str | None = None
    mother_phone: str | None = None
    address: str | None = None
    residence: str | None = None
    boarding: bool | None = None
    ethnic: str | None = None
    left_behind: bool | None = None
    categories: frozenset[str] = frozenset()
    note: str | None = None
    unknown: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReturnedRow:
    """A row that was not taken, with the cells it came with, to be mended and sent again."""

    position: Position
    reason: Reason
    header: tuple[str, ...]
    original: list[str]
    sheet: str
    class_name: str = ""  # set where the class stood only in the title or in the sheet's name
    faults: tuple[tuple[str, Reason, str], ...] = ()  # header, reason and cell of each, where the file shows them


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Which columns of which table were recognised, and the names of those that were not."""

    sheet: str
    header_row: int
    recognised: dict[str, Column]
    unknown: tuple[Column, ...]
    left_out: tuple[str, ...] = ()  # headers of columns that are known and not taken


Record = TypeVar("Record")


@dataclass
class ListReading(Generic[Record]):
    """All that one file gave: its records, problems, rows to give back, columns, counts of what was passed over."""

    rows: list[Record] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    rejected: list[ReturnedRow] = field(default_factory=list)
    duplicates: list[ReturnedRow] = field(default_factory=list)
    tables: list[TableColumns] = field(default_factory=list)
    ignored_rows: Counter[str] = field(default_factory=Counter)
    hidden_sheets: list[str] = field(default_factory=list)
    unread_headers: list[HeaderCandidate] = field(default_factory=list)
    encoding: str | None = None

    def summary(self) -> dict[str, Any]:  # the counts are written to JSON as they are
        """Return the counts and the positions behind them."""
        rejected_at = _positions(self.problems, Kind.REJECTED)
        warnings_at = _positions(self.problems, Kind.WARNING)
        return {
            "data_rows": len(self.rows) + len(self.rejected) + len(self.duplicates),
            "imported": len(self.rows),
            "rejected": len(self.rejected),
            "duplicates_skipped": len(self.duplicates),
            "rejected_by_reason": {reason: len(found) for reason, found in rejected_at.items()},
            "imported_with_warning": {reason: len(found) for reason, found in warnings_at.items()},
            "rejected_at": rejected_at,
            "duplicates_at": [row.position for row in self.duplicates],
            "warnings_at": warnings_at,
        }


RosterReading = ListReading[RosterRow]


def _positions(problems: Iterable[RowProblem], kind: Kind) -> dict[str, list[Position]]:
    """Group positions by reason, each row once, in the order of the file."""
    grouped: dict[str, dict[Position, None]] = {}
    for problem in problems:
        if problem.kind is kind:
            grouped.setdefault(problem.reason.value, {})[problem.position] = None
    return {reason: list(found) for reason, found in sorted(grouped.items())}
