"""Reading a roster: who is on it, which rows cannot be taken and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath
from typing import TypedDict

from . import classes, values
from .classes import ClassName
from .errors import NoTableFound
from .grids import Cell, Row, Sheet, Workbook
from .headers import Corrections, recognise
from .readings import Kind, Position, ReturnedRow, RosterReading, RosterRow, RowProblem, TableColumns
from .reasons import Reason
from .roster_columns import (
    BOARDING_NO,
    BOARDING_YES,
    CATEGORIES,
    FLAG_CATEGORIES,
    LEFT_BEHIND_NO,
    LEFT_BEHIND_YES,
    PEOPLES,
    ROSTER,
)
from .tables import DataRow, Table, find_tables
from .values import IdReading, IdState

_YOUNGEST, _OLDEST = 3, 25
_INSTRUCTIONS = re.compile(r"说明|示例|样例|范例|须知")
_SHOWN = 40
_TOLD_EVERY = 200

RowsRead = Callable[[int, int], None]
"""Is told how many of how many rows are read."""


def parse_roster(
    workbook: Workbook,
    *,
    today: date,
    corrections: Corrections | None = None,
    known_ids: Mapping[str, str] | None = None,
    entry_grade: int | None = None,
    progress: RowsRead | None = None,
) -> RosterReading:
    """Read every roster table of a workbook.

    `known_ids` maps ID numbers already stored to their child's name; `entry_grade` is the school's first
    grade (1, 7 or 10), which tells what 2026级1班 means.

    Raises:
        NoTableFound: no sheet has a header that names the children.
    """
    return _RosterParser(workbook, today, corrections or {}, known_ids or {}, entry_grade, progress).run()


class _Fault(Exception):
    """The first fault of a row, in the order of the reasons."""

    def __init__(self, reason: Reason, key: str, value: str = "") -> None:
        super().__init__(reason)
        self.reason, self.key, self.value = reason, key, value


@dataclass
class _Line:
    """One data row on its way: cells by field, and the warnings collected so far."""

    table: Table
    row: Row
    titles: tuple[str, ...]
    position: Position
    warnings: list[tuple[Reason, str, str]] = field(default_factory=list)

    def cell(self, key: str) -> Cell:
        column = self.table.columns.get(key)
        return None if column is None else self.row.at(column.index)

    def text(self, key: str) -> str:
        return values.clean_text(self.cell(key))

    def warn(self, reason: Reason, key: str) -> None:
        self.warnings.append((reason, key, self.text(key)))


class _Years(TypedDict):
    """What turns a cohort into a grade."""

    school_year: int
    entry_grade: int | None


class _RosterParser:
    def __init__(
        self,
        workbook: Workbook,
        today: date,
        corrections: Corrections,
        known_ids: Mapping[str, str],
        entry_grade: int | None,
        progress: RowsRead | None,
    ) -> None:
        self.workbook = workbook
        self.today = today
        self.school_year = today.year if today.month >= 9 else today.year - 1
        self.corrections = corrections
        self.known_ids = known_ids
        self.entry_grade = entry_grade
        self.progress = progress
        self.rows_read, self.rows_overall = 0, sum(len(sheet.rows) for sheet in workbook.sheets)
        self.file_stem = PurePath(workbook.file_name.replace("\\", "/")).stem
        self.reading = RosterReading(encoding=workbook.encoding)
        self.taken_ids: dict[str, str] = {}
        self.taken_without_id = _Repeats()

    def run(self) -> RosterReading:
        for sheet in self.workbook.sheets:
            self._read_sheet(sheet)
        if not self.reading.tables:
            raise NoTableFound(tuple(self.reading.unread_headers))
        self._warn_same_names()
        return self.reading

    def _read_sheet(self, sheet: Sheet) -> None:
        if not sheet.rows:
            return
        if sheet.hidden:
            self.reading.hidden_sheets.append(sheet.name)
            return
        several = len(self.workbook.sheets) > 1
        found = find_tables(sheet, ROSTER, corrections=self.corrections)
        if not found.tables or (several and _INSTRUCTIONS.search(sheet.name)):
            self.reading.ignored_rows["sheets_without_data"] += 1
            if found.candidate:
                self.reading.unread_headers.append(found.candidate)
            return
        self.reading.ignored_rows.update(found.ignored_rows)
        for table in found.tables:
            columns = TableColumns(sheet.name, table.header_row, table.columns, tuple(table.unknown))
            self.reading.tables.append(columns)
            for data_row in table.rows:
                self._read_row(table, data_row)
                self._tell()

    def _tell(self) -> None:
        self.rows_read += 1
        if self.progress is not None and self.rows_read % _TOLD_EVERY == 0:
            self.progress(self.rows_read, self.rows_overall)

    def _read_row(self, table: Table, data_row: DataRow) -> None:
        line = _Line(table, data_row.row, data_row.titles, self._position(table, data_row.row))
        try:
            child = self._child(line)
            self._check_repetition(line, child)
        except _Fault as fault:
            self._return_row(line, fault)
            return
        self.reading.rows.append(child)
        for reason, key, value in line.warnings:
            self._note(line, reason, Kind.WARNING, key, value)

    def _position(self, table: Table, row: Row) -> Position:
        if not self.workbook.counts_data_rows:
            return f"{table.sheet}!{row.number}"
        reading = self.reading
        return len(reading.rows) + len(reading.rejected) + len(reading.duplicates) + 1

    def _return_row(self, line: _Line, fault: _Fault) -> None:
        duplicate = fault.reason is Reason.DUPLICATE
        class_name = "" if {"class", "grade"} & line.table.columns.keys() else _class_words(self._class_or_none(line))
        width = max(len(line.table.headers), len(line.row.cells))
        returned = ReturnedRow(
            position=line.position,
            reason=fault.reason,
            header=_returned_header(line.table, width),
            original=[values.show_cell(line.row.at(column)) for column in range(width)],
            sheet=line.table.sheet,
            class_name=class_name,
        )
        (self.reading.duplicates if duplicate else self.reading.rejected).append(returned)
        self._note(line, fault.reason, Kind.DUPLICATE if duplicate else Kind.REJECTED, fault.key, fault.value)

    def _note(self, line: _Line, reason: Reason, kind: Kind, key: str, value: str) -> None:
        column = line.table.columns.get(key)
        header = column.header if column else ROSTER.labels.get(key, "")
        self.reading.problems.append(RowProblem(line.position, header, reason, kind, _shortened(value)))

    # --- one child, fault by fault in the order that counts ---

    def _child(self, line: _Line) -> RosterRow:
        name = _name(line)
        class_name = self._class(line)
        identity = _identity(line)
        birth_day = self._birth_day(line, identity)
        gender = _gender(line, identity)
        if identity.state is IdState.MISSING:
            line.warn(Reason.ID_MISSING, "id_number")
        child = RosterRow(
            position=line.position,
            name=name,
            gender=gender,
            birth_day=birth_day,
            id_number=identity.number or None,
            grade=class_name.grade,
            class_no=class_name.class_no,
        )
        _add_contacts(line, child)
        _add_circumstances(line, child)
        return child

    def _class(self, line: _Line) -> ClassName:
        if "class" in line.table.columns and not line.text("class"):
            raise _Fault(Reason.CLASS_MISSING, "class")
        found = self._class_or_none(line)
        if found is not None:
            return found
        written = line.text("class") or line.text("grade")
        if "class" not in line.table.columns and not written:
            written = " / ".join(f"{named.grade}-{named.class_no}" for named in self._classes_around(line))
        raise _Fault(Reason.CLASS_UNREADABLE if written else Reason.CLASS_MISSING, "class", written)

    def _class_or_none(self, line: _Line) -> ClassName | None:
        grade_text, class_text = line.text("grade"), line.text("class")
        places = self._places(line)
        years = self._years(places)
        if "class" not in line.table.columns:
            around = self._classes_around(line)
            return classes.read_class(grade_text, **years) or (around[0] if len(around) == 1 else None)
        grade = classes.read_grade(grade_text, **years)
        found = classes.read_class(class_text, grade=grade, **years)
        if found is None and grade is None:
            nearest = next((grade for place in places if (grade := classes.find_grade(place))), None)
            found = classes.read_class(class_text, grade=nearest, **years)
        return found

    def _classes_around(self, line: _Line) -> list[ClassName]:
        """Return the class the nearest title names and the one the sheet names, or else the file's."""
        *titles, sheet, file_stem = self._places(line)
        years = self._years(self._places(line))
        titled = next((found for title in titles if (found := classes.find_class(title, **years))), None)
        named = classes.find_class(sheet, **years)
        if named is None and ("班" in sheet or re.fullmatch(r"\d{3}", sheet)):
            grade = next((grade for place in (*titles, file_stem) if (grade := classes.find_grade(place))), None)
            named = classes.read_class(sheet, **years) or classes.read_class(sheet, grade=grade)
        around = [found for found in (titled, named) if found is not None]
        return list(dict.fromkeys(around or filter(None, [classes.find_class(file_stem, **years)])))

    def _places(self, line: _Line) -> tuple[str, ...]:
        """Return where a class or a grade may stand outside the table, the nearest first."""
        return (*reversed(line.titles), line.table.sheet, self.file_stem)

    def _years(self, places: tuple[str, ...]) -> _Years:
        return {
            "school_year": self.school_year,
            "entry_grade": self.entry_grade or classes.find_entry_grade(places),
        }

    def _birth_day(self, line: _Line, identity: IdReading) -> date:
        cell = line.cell("birth_day")
        written, inside = values.read_date(cell), identity.birth_day
        if written is not None and inside is not None and written != inside:
            raise _Fault(Reason.BIRTH_CONFLICT, "birth_day", line.text("birth_day"))
        birth_day = written or inside
        if birth_day is None or not _YOUNGEST <= values.age_in_years(birth_day, today=self.today) <= _OLDEST:
            raise _Fault(Reason.BIRTH_UNREADABLE, "birth_day", line.text("birth_day"))
        if written is None:
            line.warn(Reason.BIRTH_FROM_ID, "birth_day")
        return birth_day

    # --- the same child twice, two children of one name ---

    def _check_repetition(self, line: _Line, child: RosterRow) -> None:
        if child.id_number is not None:
            taken = self.taken_ids.get(child.id_number)
            if taken == child.name:
                raise _Fault(Reason.DUPLICATE, "id_number", child.id_number)
            if taken is not None or self.known_ids.get(child.id_number, child.name) != child.name:
                raise _Fault(Reason.ID_CONFLICT, "id_number", child.id_number)
        if self.taken_without_id.repeats(child):
            raise _Fault(Reason.DUPLICATE, "name", child.name)
        if child.id_number is not None:
            self.taken_ids[child.id_number] = child.name
        self.taken_without_id.take(child)

    def _warn_same_names(self) -> None:
        times = Counter(child.name for child in self.reading.rows)
        self.reading.problems.extend(
            RowProblem(child.position, ROSTER.labels["name"], Reason.SAME_NAME, Kind.WARNING, child.name)
            for child in self.reading.rows
            if times[child.name] > 1
        )


class _Repeats:
    """Finds rows that repeat a child without the help of an ID number: same student number, or same birth and class."""

    def __init__(self) -> None:
        self.taken: dict[tuple[object, ...], bool] = {}  # whether the child taken under this key has an ID number

    def repeats(self, child: RosterRow) -> bool:
        """Tell whether the child was taken already; two different ID numbers always are two children."""
        return any(key in self.taken and not (self.taken[key] and child.id_number) for key in _keys(child))

    def take(self, child: RosterRow) -> None:
        """Remember a child."""
        for key in _keys(child):
            self.taken[key] = child.id_number is not None


def _keys(child: RosterRow) -> Iterable[tuple[object, ...]]:
    yield child.name, child.birth_day, child.gender, child.grade, child.class_no
    if child.student_no:
        yield child.name, child.student_no


def _name(line: _Line) -> str:
    name = values.read_name(line.cell("name"))
    if not name:
        raise _Fault(Reason.NAME_MISSING, "name", line.text("name"))
    if not values.is_name(name):
        raise _Fault(Reason.NAME_UNREADABLE, "name", name)
    return name


_ID_FAULTS = {
    IdState.STORED_AS_NUMBER: Reason.ID_STORED_AS_NUMBER,
    IdState.BAD_FORMAT: Reason.ID_FORMAT,
    IdState.BAD_CHECKSUM: Reason.ID_CHECKSUM,
}


def _identity(line: _Line) -> IdReading:
    identity = values.read_id_number(line.cell("id_number"))
    if reason := _ID_FAULTS.get(identity.state):
        raise _Fault(reason, "id_number", line.text("id_number"))
    return identity


def _gender(line: _Line, identity: IdReading) -> str:
    written, inside = values.read_gender(line.cell("gender")), identity.gender
    if written is not None and inside is not None and written != inside:
        raise _Fault(Reason.GENDER_CONFLICT, "gender", line.text("gender"))
    gender = written or inside
    if gender is None:
        raise _Fault(Reason.GENDER_MISSING, "gender", line.text("gender"))
    if written is None:
        line.warn(Reason.GENDER_FROM_ID, "gender")
    return gender


def _add_contacts(line: _Line, child: RosterRow) -> None:
    child.student_no = values.read_code(line.cell("student_no")) or None
    child.national_no = values.read_code(line.cell("national_no")) or None
    child.guardian_name = values.read_name(line.cell("guardian_name")) or None
    child.guardian_relation = line.text("guardian_relation") or None
    child.guardian_phone, second = _phones(line, "guardian_phone")
    further, _ = _phones(line, "guardian_second_phone")
    child.guardian_second_phone = further or second
    child.father_name = values.read_name(line.cell("father_name")) or None
    child.father_phone, _ = _phones(line, "father_phone")
    child.mother_name = values.read_name(line.cell("mother_name")) or None
    child.mother_phone, _ = _phones(line, "mother_phone")
    child.address = line.text("address") or None
    child.residence = line.text("residence") or None


def _phones(line: _Line, key: str) -> tuple[str | None, str | None]:
    found = values.read_phones(line.cell(key))
    if found.unusable:
        line.warn(Reason.PHONE_UNUSABLE, key)
    return found.first or None, found.second or None


def _add_circumstances(line: _Line, child: RosterRow) -> None:
    ethnic = line.text("ethnic").replace(" ", "")
    child.ethnic = (f"{ethnic}族" if ethnic in PEOPLES else ethnic) or None
    child.note = line.text("note") or None
    for column in line.table.unknown:
        if text := values.clean_text(line.row.at(column.index)):
            child.unknown[_free_name(column.header, child.unknown)] = text
    child.boarding = _flag(line, child, "boarding", yes=BOARDING_YES, no=BOARDING_NO)
    child.left_behind = _flag(line, child, "left_behind", yes=LEFT_BEHIND_YES, no=LEFT_BEHIND_NO)
    found = {key for key in FLAG_CATEGORIES if _flag(line, child, key)}
    words = values.split_words(line.cell("categories"))
    found |= {CATEGORIES[word] for word in words if word in CATEGORIES}
    if strange := [word for word in words if word not in CATEGORIES and word not in ("无", "否", "-", "—")]:
        _keep(line, child, "categories", "、".join(strange))
    if child.left_behind:
        found.add("left_behind")
    elif child.left_behind is None and "left_behind" in found:
        child.left_behind = True
    child.categories = frozenset(found)


def _flag(
    line: _Line,
    child: RosterRow,
    key: str,
    *,
    yes: frozenset[str] = frozenset(),
    no: frozenset[str] = frozenset(),
) -> bool | None:
    """Read a yes or no; other words are kept with the unknown ones, so that nothing gets lost."""
    answer = values.read_yes_no(line.cell(key), yes=yes, no=no)
    if answer is None and (text := line.text(key)):
        _keep(line, child, key, text)
    return answer


def _keep(line: _Line, child: RosterRow, key: str, text: str) -> None:
    child.unknown[_free_name(line.table.columns[key].header, child.unknown)] = text


def _free_name(header: str, taken: Mapping[str, str]) -> str:
    number, name = 1, header
    while name in taken:
        number += 1
        name = f"{header}（{number}）"
    return name


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _class_words(class_name: ClassName | None) -> str:
    return f"{class_name.grade}年级{class_name.class_no}班" if class_name else ""


def _returned_header(table: Table, width: int) -> tuple[str, ...]:
    """Return the header as it came, but with our own word where a person had to say what a column means."""
    headers = [*table.headers, *([""] * (width - len(table.headers)))]
    for key, column in table.columns.items():
        if recognise(column.header, ROSTER.vocabulary) != key:
            headers[column.index] = ROSTER.labels[key]
    return tuple(headers)
