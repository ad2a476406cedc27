"""Reading a list that civil affairs, the women's federation or another body sends: whom it names, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from . import values
from .authority_columns import AUTHORITY, name_mask, number_mask, read_level
from .grids import Workbook
from .headers import Corrections
from .left_behind_columns import known_text, read_mask
from .lists import Line, ListParser, RowsRead, name_of
from .readings import ListReading, Position
from .reasons import Reason
from .values import IdState
from .writing import write_sheets

_ID_FAULTS = {
    IdState.STORED_AS_NUMBER: Reason.ID_STORED_AS_NUMBER,
    IdState.BAD_FORMAT: Reason.ID_FORMAT,
    IdState.BAD_CHECKSUM: Reason.ID_CHECKSUM,
}


@dataclass(slots=True, kw_only=True)
class AuthorityRow:
    """One child as the list names it; None where a cell is blank or says that nobody knows."""

    position: Position
    name: str
    name_mask: str | None = None  # with * for hidden characters
    id_number: str | None = None
    id_mask: str | None = None
    id_fault: Reason | None = None  # the number can't be read; the child may still be told by other cells
    gender: str | None = None
    birth_day: date | None = None
    grade: int | None = None
    class_no: int | None = None
    school: str | None = None
    kind: str | None = None
    level: int | None = None
    document: str | None = None
    since: date | None = None
    guardian_name: str | None = None
    phone: str | None = None
    address: str | None = None
    header: tuple[str, ...] = ()
    original: list[str] = field(default_factory=list)  # the cells as they came, to be given back
    said: dict[str, str] = field(default_factory=dict)  # what stands in the cells a refusal may be about

    def original_of(self, key: str) -> str:
        """Return what stands in one of those cells."""
        return self.said.get(key, "")


AuthorityReading: TypeAlias = ListReading[AuthorityRow]


def parse_authority(
    workbook: Workbook, *, today: date, corrections: Corrections | None = None, progress: RowsRead | None = None
) -> AuthorityReading:
    """Read every such table of a workbook; whom a row means is found later, among the children stored.

    Raises:
        NoTableFound: no sheet has a header that names the children.
    """
    reading = AuthorityReading(encoding=workbook.encoding)
    return _AuthorityParser(
        workbook, AUTHORITY, reading, today=today, corrections=corrections or {}, progress=progress
    ).run()


def as_xlsx(workbook: Workbook) -> bytes:
    """Write the sheets that were read as one xlsx file, for kinds of files that are not kept as they came."""
    return write_sheets(
        (
            sheet.name,
            [values.show_cell(cell) for cell in sheet.rows[0].cells] if sheet.rows else [],
            [row.cells for row in sheet.rows[1:]],
            (),
        )
        for sheet in workbook.sheets
    )


class _AuthorityParser(ListParser[AuthorityRow]):
    def record(self, line: Line) -> AuthorityRow:
        row = AuthorityRow(position=line.position, name=name_of(line))
        row.name_mask = name_mask(row.name)
        _add_identity(line, row)
        found = self.class_or_none(line)
        if found is not None:
            row.grade, row.class_no = found.grade, found.class_no
        for key in ("school", "kind", "document", "guardian_name"):
            setattr(row, key, known_text(line.cell(key)))
        row.level = read_level(line.text("level"))
        row.since = values.read_date(line.cell("since"))
        row.said = {key: line.text(key) for key in ("id_number", "kind")}
        row.address = known_text(line.cell("home_address"))
        row.phone = _phone(line)
        width = max(len(line.table.headers), len(line.row.cells))
        row.header = self._returned_header(line.table, width)
        row.original = [values.show_cell(line.row.at(column)) for column in range(width)]
        return row


def _add_identity(line: Line, row: AuthorityRow) -> None:
    cell = line.cell("id_number")
    identity = values.read_id_number(cell)
    row.id_mask = read_mask(cell) or number_mask(cell)
    row.id_number = identity.number if identity.valid else None
    row.id_fault = None if row.id_mask else _ID_FAULTS.get(identity.state)
    row.gender = values.read_gender(line.cell("gender")) or identity.gender
    row.birth_day = values.read_date(line.cell("birth_day")) or identity.birth_day


def _phone(line: Line) -> str | None:
    if known_text(line.cell("guardian_phone")) is None:
        return None
    found = values.read_phones(line.cell("guardian_phone"))
    if found.unusable:
        line.warn(Reason.PHONE_UNUSABLE, "guardian_phone")
    return found.first or None
