"""Reading a roster: who is on it, which rows cannot be taken and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from . import values
from .grids import Workbook
from .headers import Corrections
from .lists import Fault, Line, ListParser, RowsRead, flag_of, free_name, keep, name_of, phones_of
from .readings import Kind, RosterReading, RosterRow, RowProblem
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
from .values import IdReading, IdState


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


class _RosterParser(ListParser[RosterRow]):
    def __init__(
        self,
        workbook: Workbook,
        today: date,
        corrections: Corrections,
        known_ids: Mapping[str, str],
        entry_grade: int | None,
        progress: RowsRead | None,
    ) -> None:
        super().__init__(
            workbook,
            ROSTER,
            RosterReading(encoding=workbook.encoding),
            today=today,
            corrections=corrections,
            entry_grade=entry_grade,
            progress=progress,
        )
        self.known_ids = known_ids
        self.taken_ids: dict[str, str] = {}
        self.taken_without_id = _Repeats()

    def run(self) -> RosterReading:
        reading = super().run()
        self._warn_same_names()
        return reading

    def record(self, line: Line) -> RosterRow:
        child = self._child(line)
        self._check_repetition(line, child)
        return child

    # --- one child, fault by fault in the order that counts ---

    def _child(self, line: Line) -> RosterRow:
        name = name_of(line)
        class_name = self.class_of(line)
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

    def _birth_day(self, line: Line, identity: IdReading) -> date:
        cell = line.cell("birth_day")
        written, inside = values.read_date(cell), identity.birth_day
        if written is not None and inside is not None and written != inside:
            raise Fault(Reason.BIRTH_CONFLICT, "birth_day", line.text("birth_day"))
        birth_day = written or inside
        if birth_day is None or not values.can_be_pupil(birth_day, today=self.today):
            raise Fault(Reason.BIRTH_UNREADABLE, "birth_day", line.text("birth_day"))
        if written is None:
            line.warn(Reason.BIRTH_FROM_ID, "birth_day")
        return birth_day

    # --- the same child twice, two children of one name ---

    def _check_repetition(self, line: Line, child: RosterRow) -> None:
        if child.id_number is not None:
            taken = self.taken_ids.get(child.id_number)
            if taken == child.name:
                raise Fault(Reason.DUPLICATE, "id_number", child.id_number)
            if taken is not None or self.known_ids.get(child.id_number, child.name) != child.name:
                raise Fault(Reason.ID_CONFLICT, "id_number", child.id_number)
        if self.taken_without_id.repeats(child):
            raise Fault(Reason.DUPLICATE, "name", child.name)
        if child.id_number is not None:
            self.taken_ids[child.id_number] = child.name
        self.taken_without_id.take(child)

    def _warn_same_names(self) -> None:
        times = Counter(child.name for child in self.reading.rows)
        self.reading.problems.extend(
            RowProblem(child.position, ROSTER.labels["name"], Reason.SAME_NAME, Kind.WARNING, child.name, child.name)
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


_ID_FAULTS = {
    IdState.STORED_AS_NUMBER: Reason.ID_STORED_AS_NUMBER,
    IdState.BAD_FORMAT: Reason.ID_FORMAT,
    IdState.BAD_CHECKSUM: Reason.ID_CHECKSUM,
}


def _identity(line: Line) -> IdReading:
    identity = values.read_id_number(line.cell("id_number"))
    if reason := _ID_FAULTS.get(identity.state):
        raise Fault(reason, "id_number", line.text("id_number"))
    return identity


def _gender(line: Line, identity: IdReading) -> str:
    written, inside = values.read_gender(line.cell("gender")), identity.gender
    if written is not None and inside is not None and written != inside:
        raise Fault(Reason.GENDER_CONFLICT, "gender", line.text("gender"))
    gender = written or inside
    if gender is None:
        raise Fault(Reason.GENDER_MISSING, "gender", line.text("gender"))
    if written is None:
        line.warn(Reason.GENDER_FROM_ID, "gender")
    return gender


def _add_contacts(line: Line, child: RosterRow) -> None:
    child.student_no = values.read_code(line.cell("student_no")) or None
    child.national_no = values.read_code(line.cell("national_no")) or None
    child.guardian_name = values.read_name(line.cell("guardian_name")) or None
    child.guardian_relation = line.text("guardian_relation") or None
    child.guardian_phone, second = phones_of(line, "guardian_phone")
    further, _ = phones_of(line, "guardian_second_phone")
    child.guardian_second_phone = further or second
    child.father_name = values.read_name(line.cell("father_name")) or None
    child.father_phone, _ = phones_of(line, "father_phone")
    child.mother_name = values.read_name(line.cell("mother_name")) or None
    child.mother_phone, _ = phones_of(line, "mother_phone")
    child.address = line.text("address") or None
    child.residence = line.text("residence") or None


def _add_circumstances(line: Line, child: RosterRow) -> None:
    ethnic = line.text("ethnic").replace(" ", "")
    child.ethnic = (f"{ethnic}族" if ethnic in PEOPLES else ethnic) or None
    child.note = line.text("note") or None
    for column in line.table.unknown:
        if text := values.clean_text(line.row.at(column.index)):
            child.unknown[free_name(column.header, child.unknown)] = text
    child.boarding = flag_of(line, child, "boarding", yes=BOARDING_YES, no=BOARDING_NO)
    child.left_behind = flag_of(line, child, "left_behind", yes=LEFT_BEHIND_YES, no=LEFT_BEHIND_NO)
    found = {key for key in FLAG_CATEGORIES if flag_of(line, child, key)}
    words = values.split_words(line.cell("categories"))
    found |= {CATEGORIES[word] for word in words if word in CATEGORIES}
    if strange := [word for word in words if word not in CATEGORIES and word not in ("无", "否", "-", "—")]:
        keep(line, child, "categories", "、".join(strange))
    if child.left_behind:
        found.add("left_behind")
    elif child.left_behind is None and "left_behind" in found:
        child.left_behind = True
    child.categories = frozenset(found)
