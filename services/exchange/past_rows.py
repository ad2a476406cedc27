"""What rows of old spreadsheets have in common: one child each, known by number or by class, and days that can be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from . import values
from .lists import Fault, Line, ListParser, name_of
from .past_columns import SEVERAL
from .readings import Position
from .reasons import Reason
from .values import IdState

EARLIEST = date(2000, 1, 1)
LONGEST_TEXT = 5000
_ID_FAULTS = {
    IdState.STORED_AS_NUMBER: Reason.ID_STORED_AS_NUMBER,
    IdState.BAD_FORMAT: Reason.ID_FORMAT,
    IdState.BAD_CHECKSUM: Reason.ID_CHECKSUM,
}
_DAY_FIRST = re.compile(r"^(\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*[日号]?)(?!\d)")


@dataclass(slots=True, kw_only=True)
class ChildRow:
    """Whom a row is about, and its cells as they came, to be given back."""

    position: Position
    name: str
    student_no: str | None = None
    id_number: str | None = None
    id_mask: str | None = None
    grade: int | None = None
    class_no: int | None = None
    header: tuple[str, ...] = ()
    original: list[str] = field(default_factory=list)


Row = TypeVar("Row", bound=ChildRow)


class ChildListParser(ListParser[Row]):
    """Reads lists that tell of one child a row and make none."""

    def identify(self, line: Line, row: Row) -> None:
        """Read the numbers and the class that tell who is meant; a number makes the class dispensable."""
        row.student_no = values.read_code(line.cell("student_no")) or None
        identity = values.read_id_number(line.cell("id_number"))
        if row.student_no is None and (reason := _ID_FAULTS.get(identity.state)):
            raise Fault(reason, "id_number", line.text("id_number"))
        row.id_number = identity.number if identity.valid else None
        tells = row.student_no is not None or row.id_number is not None
        found = self.class_or_none(line) if tells else self.class_of(line)
        if found is not None:
            row.grade, row.class_no = found.grade, found.class_no
        width = max(len(line.table.headers), len(line.row.cells))
        row.header = self._returned_header(line.table, width)
        row.original = [values.show_cell(line.row.at(column)) for column in range(width)]

    def day_of(self, line: Line, key: str) -> date | None:
        """Return the day a cell says, None where it is blank; refuse one that can't be."""
        day = values.read_date(line.cell(key))
        if day is None and (found := _DAY_FIRST.match(line.text(key))):  # 2025-10-12 下午
            day = values.read_date(found[1])
        if day is None and not line.text(key):
            return None
        if day is None or not EARLIEST <= day <= self.today:
            raise Fault(Reason.PAST_DAY_UNREADABLE, key, line.text(key))
        return day


def one_name_of(line: Line) -> str:
    """Return the child's name; refuse a cell in which several stand."""
    written = values.clean_text(line.cell("name"))
    if "·" not in written and len([each for each in SEVERAL.split(written) if each.strip()]) > 1:
        raise Fault(Reason.SEVERAL_CHILDREN, "name", written)
    return name_of(line)


def unknown_of(line: Line) -> list[tuple[str, str]]:
    """Return what stands in columns nobody knows, by their headers: it is kept with the words."""
    found = ((column.header, values.clean_text(line.row.at(column.index))) for column in line.table.unknown)
    return [(" ".join(header.split()), text) for header, text in found if text]


def told(line: Line, keys: Iterable[str]) -> list[tuple[str, str]]:
    """Return what stands in known columns, by their headers; blank ones are left out."""
    found = ((line.table.columns[key].header, line.text(key)) for key in keys if key in line.table.columns)
    return [(" ".join(header.split()), text) for header, text in found if text]


def joined(line: Line, key: str, pieces: Iterable[tuple[str, str]], *, first_is_plain: bool = False) -> str:
    """Write pieces under one another, each after its header; refuse more than one field of a record takes."""
    lines = [
        text if first_is_plain and place == 0 else f"{label}：{text}" for place, (label, text) in enumerate(pieces)
    ]
    text = "\n".join(lines)
    if len(text) > LONGEST_TEXT:
        raise Fault(Reason.PAST_TOO_LONG, key, text)
    return text
