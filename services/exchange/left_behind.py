"""Reading a ledger of left-behind children: what it says of each, and what the contact card would still lack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from . import values
from .grids import Workbook
from .headers import Corrections
from .left_behind_columns import (
    LEFT_BEHIND,
    AwayReading,
    known_text,
    read_age,
    read_away,
    read_guardianship,
    read_mask,
    read_rural,
)
from .lists import Fault, Line, ListParser, RowsRead, flag_of, free_name, keep, name_of
from .readings import ListReading, Position
from .reasons import Reason
from .roster_columns import BOARDING_NO, BOARDING_YES, PEOPLES
from .values import IdState

_ID_FAULTS = {
    IdState.STORED_AS_NUMBER: Reason.ID_STORED_AS_NUMBER,
    IdState.BAD_FORMAT: Reason.ID_FORMAT,
    IdState.BAD_CHECKSUM: Reason.ID_CHECKSUM,
}
_TEXTS = ("guardian_relation", "home_address", "guardian_address")
_TEXTS_WITH_NOTHING = ("father_workplace", "mother_workplace", "guardian_occupation", "guardian_health")
_PEOPLE = ("father", "mother", "guardian")


@dataclass(slots=True, kw_only=True)
class LeftBehindRow:
    """One child as the ledger describes it; None where a cell is blank or says that nobody knows."""

    position: Position
    name: str
    student_no: str | None = None
    id_number: str | None = None
    id_mask: str | None = None
    grade: int | None = None
    class_no: int | None = None
    gender: str | None = None
    birth_day: date | None = None
    home_address: str | None = None
    residence: str | None = None
    boarding: bool | None = None
    ethnic: str | None = None
    rural: bool | None = None
    father_name: str | None = None
    father_workplace: str | None = None
    father_phone: str | None = None
    father_second_phone: str | None = None
    mother_name: str | None = None
    mother_workplace: str | None = None
    mother_phone: str | None = None
    mother_second_phone: str | None = None
    guardian_name: str | None = None
    guardian_relation: str | None = None
    guardian_age: int | None = None
    guardian_occupation: str | None = None
    guardian_health: str | None = None
    guardian_address: str | None = None
    guardian_phone: str | None = None
    guardian_second_phone: str | None = None
    away: AwayReading = field(default_factory=lambda: AwayReading(None))
    guardianship: str | None = None
    unknown: dict[str, str] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    original: list[str] = field(default_factory=list)  # the cells as they came, to be given back

    def card_parts(self) -> Iterator[str]:
        """Yield the codes of the contact card's parts that the row fills (E-08)."""
        for who in _PEOPLE:
            for part in ("name", "workplace", "phone", "relation", "age", "occupation", "health", "address"):
                if getattr(self, f"{who}_{part}", None) is not None:
                    yield f"{who}_{part}"
        if self.home_address is not None:
            yield "home_address"


LeftBehindReading: TypeAlias = ListReading[LeftBehindRow]


def parse_left_behind(
    workbook: Workbook, *, today: date, corrections: Corrections | None = None, progress: RowsRead | None = None
) -> LeftBehindReading:
    """Read every such table of a workbook; whom a row means is found later, among the children stored.

    Raises:
        NoTableFound: no sheet has a header that names the children.
    """
    reading = LeftBehindReading(encoding=workbook.encoding)
    return _LeftBehindParser(
        workbook, LEFT_BEHIND, reading, today=today, corrections=corrections or {}, progress=progress
    ).run()


class _LeftBehindParser(ListParser[LeftBehindRow]):
    def record(self, line: Line) -> LeftBehindRow:
        row = LeftBehindRow(position=line.position, name=name_of(line))
        row.student_no = values.read_code(line.cell("student_no")) or None
        self._add_identity(line, row)
        _add_circumstances(line, row)
        _add_people(line, row)
        width = max(len(line.table.headers), len(line.row.cells))
        row.header = self._returned_header(line.table, width)
        row.original = [values.show_cell(line.row.at(column)) for column in range(width)]
        return row

    def _add_identity(self, line: Line, row: LeftBehindRow) -> None:
        """A number that tells who the child is makes the class dispensable; a masked one does not."""
        identity = values.read_id_number(line.cell("id_number"))
        row.id_mask = read_mask(line.cell("id_number"))
        if row.id_mask is None and (reason := _ID_FAULTS.get(identity.state)):
            raise Fault(reason, "id_number", line.text("id_number"))
        row.id_number = identity.number if identity.valid else None
        tells = row.student_no is not None or row.id_number is not None
        found = self.class_or_none(line) if tells else self.class_of(line)
        if found is not None:
            row.grade, row.class_no = found.grade, found.class_no
        row.gender = values.read_gender(line.cell("gender"))
        row.birth_day = values.read_date(line.cell("birth_day"))


def _add_circumstances(line: Line, row: LeftBehindRow) -> None:
    for column in line.table.unknown:
        if text := values.clean_text(line.row.at(column.index)):
            row.unknown[free_name(column.header, row.unknown)] = text
    if note := line.text("note"):
        row.unknown[free_name("留守台账备注", row.unknown)] = note
    if proxy := known_text(line.cell("proxy_parent")):
        keep(line, row, "proxy_parent", proxy)
    ethnic = line.text("ethnic").replace(" ", "")
    row.ethnic = (f"{ethnic}族" if ethnic in PEOPLES else ethnic) or None
    row.residence = known_text(line.cell("residence"))
    row.boarding = flag_of(line, row, "boarding", yes=BOARDING_YES, no=BOARDING_NO)
    row.rural = read_rural(line.cell("rural"))
    row.away = read_away(line.cell("kind"))
    row.guardianship = read_guardianship(line.cell("guardianship"))
    for key, value in (("kind", row.away.kind), ("rural", row.rural), ("guardianship", row.guardianship)):
        if value is None and known_text(line.cell(key)) is not None:
            keep(line, row, key, line.text(key))
    if row.away.kind is None and known_text(line.cell("kind")) is not None:
        line.warn(Reason.KIND_UNREADABLE, "kind")


def _add_people(line: Line, row: LeftBehindRow) -> None:
    for who in _PEOPLE:
        name = values.read_name(line.cell(f"{who}_name"))
        setattr(row, f"{who}_name", name if known_text(name) and values.is_name(name) else None)
        first, second = _phones(line, f"{who}_phone")
        setattr(row, f"{who}_phone", first)
        setattr(row, f"{who}_second_phone", second)
    for key in _TEXTS:
        setattr(row, key, known_text(line.cell(key)))
    for key in _TEXTS_WITH_NOTHING:
        setattr(row, key, known_text(line.cell(key), nothing_counts=True))
    row.guardian_age = read_age(line.cell("guardian_age"))
    if row.guardian_age is None and known_text(line.cell("guardian_age")) is not None:
        keep(line, row, "guardian_age", line.text("guardian_age"))


def _phones(line: Line, key: str) -> tuple[str | None, str | None]:
    """Read the telephones of a cell; 不详 is blank, other words without a number are a remark."""
    if known_text(line.cell(key)) is None:
        return None, None
    found = values.read_phones(line.cell(key))
    if found.unusable:
        line.warn(Reason.PHONE_UNUSABLE, key)
    return found.first or None, found.second or None
