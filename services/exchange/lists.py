"""Reading lists of children, whatever they tell of them: data rows, the first fault of each, the class it names."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath
from typing import Generic, Protocol, TypedDict, TypeVar

from . import classes, values
from .classes import ClassName
from .errors import NoTableFound
from .grids import Cell, Row, Sheet, Workbook
from .headers import Corrections, TableSpec, recognise
from .readings import Kind, ListReading, Position, ReturnedRow, RowProblem, TableColumns
from .reasons import Reason
from .tables import DataRow, Table, find_tables

_INSTRUCTIONS = re.compile(r"说明|示例|样例|范例|须知")
_SHOWN = 40
_TOLD_EVERY = 200
Record = TypeVar("Record")

RowsRead = Callable[[int, int], None]
"""Is told how many of how many rows are read."""


class Keeper(Protocol):
    """A record that keeps, by header, what it has no field for."""

    unknown: dict[str, str]


class Fault(Exception):
    """The first fault of a row, in the order of the reasons; `further` are others of it a person mends as well."""

    def __init__(self, reason: Reason, key: str, value: str = "", further: Sequence[Fault] = ()) -> None:
        super().__init__(reason)
        self.reason, self.key, self.value, self.further = reason, key, value, tuple(further)

    @property
    def all(self) -> tuple[Fault, ...]:
        """Itself and the further ones."""
        return (self, *self.further)


class PassedOver(Exception):
    """A row that tells nothing of its child, such as one who was away that day: counted under a name, no fault."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass
class Line:
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


class ListParser(ABC, Generic[Record]):
    """Reads every table of a workbook row by row; a kind of list says by `record` what one row is."""

    def __init__(
        self,
        workbook: Workbook,
        spec: TableSpec,
        reading: ListReading[Record],
        *,
        today: date,
        corrections: Corrections,
        entry_grade: int | None = None,
        progress: RowsRead | None = None,
    ) -> None:
        self.workbook = workbook
        self.spec = spec
        self.reading = reading
        self.today = today
        self.school_year = today.year if today.month >= 9 else today.year - 1
        self.corrections = corrections
        self.entry_grade = entry_grade
        self.progress = progress
        self.rows_passed = 0
        self.rows_read, self.rows_overall = 0, sum(len(sheet.rows) for sheet in workbook.sheets)
        self.file_stem = PurePath(workbook.file_name.replace("\\", "/")).stem

    @abstractmethod
    def record(self, line: Line) -> Record:
        """Return what a row tells, or raise its first fault."""

    def run(self) -> ListReading[Record]:
        """Read all sheets.

        Raises:
            NoTableFound: no sheet has a header that names the children.
        """
        for sheet in self.workbook.sheets:
            self._read_sheet(sheet)
        if not self.reading.tables:
            raise NoTableFound(tuple(self.reading.unread_headers))
        return self.reading

    def _read_sheet(self, sheet: Sheet) -> None:
        if not sheet.rows:
            return
        if sheet.hidden:
            self.reading.hidden_sheets.append(sheet.name)
            return
        several = len(self.workbook.sheets) > 1
        found = find_tables(sheet, self.spec, corrections=self.corrections)
        if not found.tables or (several and _INSTRUCTIONS.search(sheet.name)):
            self.reading.ignored_rows["sheets_without_data"] += 1
            if found.candidate:
                self.reading.unread_headers.append(found.candidate)
            return
        self.reading.ignored_rows.update(found.ignored_rows)
        for table in found.tables:
            columns = TableColumns(
                sheet.name, table.header_row, table.columns, tuple(table.unknown), tuple(_left_out(table))
            )
            self.reading.tables.append(columns)
            for data_row in table.rows:
                for line in self.lines(table, data_row):
                    self._read_line(line)
                self._tell()

    def _tell(self) -> None:
        self.rows_read += 1
        if self.progress is not None and self.rows_read % _TOLD_EVERY == 0:
            self.progress(self.rows_read, self.rows_overall)

    def lines(self, table: Table, data_row: DataRow) -> Iterable[Line]:
        """Yield what a data row tells of: one record, unless a kind of list takes several out of one."""
        yield Line(table, data_row.row, data_row.titles, self._position(table, data_row.row))

    def _read_line(self, line: Line) -> None:
        try:
            record = self.record(line)
        except Fault as fault:
            self._return_row(line, fault)
            return
        except PassedOver as passed:
            self.reading.ignored_rows[passed.kind] += 1
            self.rows_passed += 1
            return
        self.reading.rows.append(record)
        for reason, key, value in line.warnings:
            self._note(line, reason, Kind.WARNING, key, value)

    def _position(self, table: Table, row: Row) -> Position:
        if not self.workbook.counts_data_rows:
            return f"{table.sheet}!{row.number}"
        reading = self.reading
        return len(reading.rows) + len(reading.rejected) + len(reading.duplicates) + self.rows_passed + 1

    def _return_row(self, line: Line, fault: Fault) -> None:
        duplicate = fault.reason is Reason.DUPLICATE
        class_name = "" if {"class", "grade"} & line.table.columns.keys() else _class_words(self.class_or_none(line))
        width = max(len(line.table.headers), len(line.row.cells))
        returned = ReturnedRow(
            position=line.position,
            reason=fault.reason,
            header=self._returned_header(line.table, width),
            original=[values.show_cell(line.row.at(column)) for column in range(width)],
            sheet=line.table.sheet,
            class_name=class_name,
            faults=tuple((self._header(line, each.key), each.reason, each.value) for each in fault.all),
        )
        (self.reading.duplicates if duplicate else self.reading.rejected).append(returned)
        for each in fault.all:
            self._note(line, each.reason, Kind.DUPLICATE if duplicate else Kind.REJECTED, each.key, each.value)

    def _note(self, line: Line, reason: Reason, kind: Kind, key: str, value: str) -> None:
        header = self._header(line, key)
        self.reading.problems.append(
            RowProblem(line.position, header, reason, kind, _shortened(value), _shortened(line.text("name")))
        )

    def _header(self, line: Line, key: str) -> str:
        column = line.table.columns.get(key)
        return column.header if column else self.spec.labels.get(key, "")

    def class_of(self, line: Line) -> ClassName:
        """Return the class of a row; refuse a row without one."""
        if "class" in line.table.columns and not line.text("class"):
            raise Fault(Reason.CLASS_MISSING, "class")
        found = self.class_or_none(line)
        if found is not None:
            return found
        written = line.text("class") or line.text("grade")
        if "class" not in line.table.columns and not written:
            written = " / ".join(f"{named.grade}-{named.class_no}" for named in self._classes_around(line))
        raise Fault(Reason.CLASS_UNREADABLE if written else Reason.CLASS_MISSING, "class", written)

    def class_or_none(self, line: Line) -> ClassName | None:
        """Return the class a row names, or else its table, its sheet or its file."""
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

    def _classes_around(self, line: Line) -> list[ClassName]:
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

    def _places(self, line: Line) -> tuple[str, ...]:
        """Return where a class or a grade may stand outside the table, the nearest first."""
        return (*reversed(line.titles), line.table.sheet, self.file_stem)

    def _years(self, places: tuple[str, ...]) -> _Years:
        return {
            "school_year": self.school_year,
            "entry_grade": self.entry_grade or classes.find_entry_grade(places),
        }

    def _returned_header(self, table: Table, width: int) -> tuple[str, ...]:
        """Return the header as it came, but with our own word where a person had to say what a column means."""
        headers = [*table.headers, *([""] * (width - len(table.headers)))]
        for key, column in table.columns.items():
            if recognise(column.header, self.spec.vocabulary) != key:
                headers[column.index] = self.spec.labels[key]
        return tuple(headers)


def _left_out(table: Table) -> Iterator[str]:
    taken = {column.index for column in (*table.columns.values(), *table.unknown)}
    return (text for index, text in enumerate(table.headers) if text and index not in taken)


def name_of(line: Line) -> str:
    """Return the child's name; refuse a row without one."""
    name = values.read_name(line.cell("name"))
    if not name:
        raise Fault(Reason.NAME_MISSING, "name", line.text("name"))
    if not values.is_name(name):
        raise Fault(Reason.NAME_UNREADABLE, "name", name)
    return name


def phones_of(line: Line, key: str) -> tuple[str | None, str | None]:
    """Return the first two telephones of a cell, warning of a filled one without any."""
    found = values.read_phones(line.cell(key))
    if found.unusable:
        line.warn(Reason.PHONE_UNUSABLE, key)
    return found.first or None, found.second or None


def flag_of(
    line: Line,
    record: Keeper,
    key: str,
    *,
    yes: frozenset[str] = frozenset(),
    no: frozenset[str] = frozenset(),
) -> bool | None:
    """Read a yes or no; other words are kept with the unknown ones, so that nothing gets lost."""
    answer = values.read_yes_no(line.cell(key), yes=yes, no=no)
    if answer is None and (text := line.text(key)):
        keep(line, record, key, text)
    return answer


def keep(line: Line, record: Keeper, key: str, text: str) -> None:
    """Keep what a cell says and no field takes, under its header."""
    record.unknown[free_name(line.table.columns[key].header, record.unknown)] = text


def free_name(header: str, taken: Mapping[str, str]) -> str:
    """Return a header that is not taken yet."""
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
