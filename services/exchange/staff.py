"""Reading a list of staff: who is on it, which class is whose, who teaches where, who holds which post."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from . import classes, values
from .classes import ClassName
from .grids import Workbook
from .headers import Corrections
from .lists import Fault, Line, ListParser, RowsRead, name_of, phones_of
from .readings import Kind, ListReading, Position, RowProblem
from .reasons import Reason
from .staff_columns import NOTHING, STAFF

_LONGEST_NO, _LONGEST_SUBJECT = 40, 20
_SIGNS = re.compile(r"^[\s:：()（）]+|[\s:：()（）]+$")


@dataclass(frozen=True, slots=True)
class Taught:
    """A class somebody teaches, and what."""

    class_name: ClassName
    subject: str | None = None


@dataclass(slots=True, kw_only=True)
class StaffRow:
    """One member of staff as the list describes them; None and empty where a cell says nothing."""

    position: Position
    name: str
    staff_no: str | None = None
    phone: str | None = None
    homeroom: tuple[ClassName, ...] = ()
    teaches: tuple[Taught, ...] = ()
    posts: tuple[str, ...] = ()
    sheet: str = ""
    header: tuple[str, ...] = ()
    original: tuple[str, ...] = ()  # the cells as they came, to be given back


StaffReading: TypeAlias = ListReading[StaffRow]


def parse_staff(
    workbook: Workbook, *, today: date, corrections: Corrections | None = None, progress: RowsRead | None = None
) -> StaffReading:
    """Read every table of staff in a workbook; whom a row means is found later, among the accounts.

    Raises:
        NoTableFound: no sheet has a header that names people.
    """
    reading = StaffReading(encoding=workbook.encoding)
    parser = _StaffParser(workbook, STAFF, reading, today=today, corrections=corrections or {}, progress=progress)
    parser.run()
    _warn_same_names(reading)
    return reading


class _StaffParser(ListParser[StaffRow]):
    def __init__(self, *args: Any, **options: Any) -> None:  # the parser's own
        super().__init__(*args, **options)
        self.by_number: dict[str, StaffRow] = {}
        self.by_name: dict[str, list[StaffRow]] = defaultdict(list)

    def record(self, line: Line) -> StaffRow:
        row = StaffRow(position=line.position, name=name_of(line), sheet=line.table.sheet)
        row.staff_no = values.read_code(line.cell("staff_no")) or None
        if row.staff_no is not None and len(row.staff_no) > _LONGEST_NO:
            raise Fault(Reason.STAFF_NO_UNREADABLE, "staff_no", row.staff_no)
        row.phone, _ = phones_of(line, "phone")
        row.homeroom = self._homeroom(line)
        row.teaches = self._teaches(line)
        row.posts = tuple(word for word in values.split_words(line.cell("posts")) if word not in NOTHING)
        width = max(len(line.table.headers), len(line.row.cells))
        row.header = self._returned_header(line.table, width)
        row.original = tuple(values.show_cell(line.row.at(column)) for column in range(width))
        self._refuse_repeated(row)
        return row

    def _homeroom(self, line: Line) -> tuple[ClassName, ...]:
        words = [word for word in values.split_words(line.cell("homeroom")) if word not in NOTHING]
        return tuple(dict.fromkeys(self._class_in("homeroom", word, None)[0] for word in words))

    def _teaches(self, line: Line) -> tuple[Taught, ...]:
        """Read 语文：七（1）班、2班; a subject written once counts for the classes after it."""
        subject = line.text("subject") or None
        found: dict[ClassName, Taught] = {}
        grade: int | None = None
        for word in values.split_words(line.cell("teaches")):
            if word in NOTHING:
                continue
            class_name, rest = self._class_in("teaches", word, grade)
            grade, subject = class_name.grade, rest or subject
            found[class_name] = Taught(class_name, (subject or "")[:_LONGEST_SUBJECT] or None)
        return tuple(found.values())

    def _class_in(self, key: str, word: str, grade: int | None) -> tuple[ClassName, str]:
        """Return the class a word names and what else it says, the subject."""
        years = self._years((word, self.file_stem))
        if found := classes.read_class(word, grade=grade, **years) or classes.read_class(word, **years):
            return found, ""
        for cut in range(1, len(word)):
            for part, rest in ((word[cut:], word[:cut]), (word[:-cut], word[-cut:])):
                clean, other = _SIGNS.sub("", part) if part[:1] not in "(（" else part, _SIGNS.sub("", rest)
                named = classes.read_class(clean, grade=grade, **years)
                if named is not None and not re.search(r"\d", other):
                    return named, other
        raise Fault(Reason.STAFF_CLASS_UNREADABLE, key, word)

    def _refuse_repeated(self, row: StaffRow) -> None:
        """Skip who stands above already; a staff number is one person's (the same name alone may be two)."""
        if row.staff_no is not None and (before := self.by_number.get(row.staff_no)):
            same = before.name == row.name
            raise Fault(Reason.DUPLICATE if same else Reason.STAFF_NO_CONFLICT, "staff_no", row.staff_no)
        for before in self.by_name[row.name]:
            both_numbers = row.staff_no is not None and before.staff_no is not None
            same_phone = row.phone is None or before.phone is None or row.phone == before.phone
            if not both_numbers and same_phone:
                raise Fault(Reason.DUPLICATE, "name", row.name)
        if row.staff_no is not None:
            self.by_number[row.staff_no] = row
        self.by_name[row.name].append(row)


def _warn_same_names(reading: StaffReading) -> None:
    times = Counter(row.name for row in reading.rows)
    reading.problems.extend(
        RowProblem(row.position, STAFF.labels["name"], Reason.STAFF_SAME_NAME, Kind.WARNING, row.name, row.name)
        for row in reading.rows
        if times[row.name] > 1
    )
