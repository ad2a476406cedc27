"""The children as they are stored, read in a fixed number of statements however many rows a file has."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from db.sealing import open_text
from db.tables import (
    CategoryKind,
    ClassMembership,
    EnrolmentState,
    Gender,
    Guardian,
    GuardianKind,
    Guardianship,
    LeftBehindKind,
    SchoolClass,
    Student,
    StudentCategory,
    Whereabouts,
)

STUDENT = Student.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
GUARDIAN = Guardian.__table__  # type: ignore[attr-defined]
MEMBERSHIP = ClassMembership.__table__  # type: ignore[attr-defined]
CATEGORY = StudentCategory.__table__  # type: ignore[attr-defined]
CLASS = SchoolClass.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class StoredGuardian:
    """A parent or guardian on a child's contact card."""

    id: int
    uid: str
    kind: GuardianKind
    name: str | None
    relation: str | None
    is_primary: bool
    phone_sealed: bytes | None
    phone_hash: str | None
    second_phone_sealed: bytes | None
    workplace_sealed: bytes | None
    address_sealed: bytes | None
    birth_year: int | None
    occupation_sealed: bytes | None
    health_sealed: bytes | None
    whereabouts: Whereabouts | None
    version: int

    def text(self, column: str) -> str | None:
        """Open a sealed column."""
        return open_text(getattr(self, f"{column}_sealed"), table="guardian", column=f"{column}_sealed", uid=self.uid)


@dataclass(slots=True)
class Stay:
    """The open membership of a child."""

    id: int
    class_id: int
    school_year: int
    grade: int
    number: int
    from_day: date


@dataclass(slots=True)
class StoredLeftBehind:
    """The open row that says a child is left behind."""

    id: int
    left_behind_kind: LeftBehindKind | None
    guardianship: Guardianship | None
    version: int


@dataclass(slots=True)
class StoredChild:
    """A stored child with what hangs on it."""

    id: int
    uid: str
    student_no: str | None
    name: str
    gender: Gender
    birth_day: date
    id_number_sealed: bytes | None
    id_number_hash: str | None
    ethnicity: str | None
    is_boarding: bool | None
    is_rural: bool | None
    address_sealed: bytes | None
    residence_sealed: bytes | None
    state: EnrolmentState
    left_on: date | None
    note_sealed: bytes | None
    extra_sealed: bytes | None
    version: int
    name_initials: str
    name_pinyin: str
    name_order: str
    stay: Stay | None = None
    guardians: list[StoredGuardian] = field(default_factory=list)
    categories: set[CategoryKind] = field(default_factory=set)
    left_behind: StoredLeftBehind | None = None
    other_numbers: set[str] = field(default_factory=set)  # of entries merged into this one: a list may still use them
    other_id_hashes: set[str] = field(default_factory=set)

    def has_number(self, number: str) -> bool:
        """Say whether a student number means this child, its own or one of an entry merged into it."""
        return number == self.student_no or number in self.other_numbers

    def has_id(self, id_hash: str) -> bool:
        """Say the same of an ID number's hash."""
        return id_hash == self.id_number_hash or id_hash in self.other_id_hashes

    def text(self, column: str) -> str | None:
        """Open a sealed column."""
        return open_text(getattr(self, f"{column}_sealed"), table="student", column=f"{column}_sealed", uid=self.uid)

    def extra(self) -> dict[str, str]:
        """Return the columns of imported lists that have no field."""
        kept: dict[str, str] = json.loads(self.text("extra") or "{}")
        return kept

    def class_in(self, school_year: int) -> tuple[int, int] | None:
        """Return grade and number of the class as they are in a school year: pupils move up together."""
        if self.stay is None:
            return None
        return self.stay.grade + school_year - self.stay.school_year, self.stay.number


_STUDENT_COLUMNS = [
    "id", "uid", "student_no", "name", "gender", "birth_day", "id_number_sealed", "id_number_hash", "ethnicity",
    "is_boarding", "is_rural", "address_sealed", "residence_sealed", "state", "left_on", "note_sealed",
    "extra_sealed", "version", "name_initials", "name_pinyin", "name_order",
]  # fmt: skip
_GUARDIAN_COLUMNS = [
    "id", "uid", "kind", "name", "relation", "is_primary", "phone_sealed", "phone_hash", "second_phone_sealed",
    "workplace_sealed", "address_sealed", "birth_year", "occupation_sealed", "health_sealed", "whereabouts", "version",
]  # fmt: skip


@dataclass(slots=True)
class StoredChildren:
    """All stored children, by what finds them."""

    by_number: dict[str, StoredChild]
    by_id_hash: dict[str, StoredChild]
    by_place: dict[tuple[str, int, int], list[StoredChild]]  # name, grade and class number in the school year
    everybody: list[StoredChild] = field(default_factory=list)


def load_children(session: Session, *, school_year: int, locking: bool = False) -> StoredChildren:
    """Read every child with guardians, open class and open categories: four statements."""
    students = select(*_columns(STUDENT, _STUDENT_COLUMNS), STUDENT.c.merged_into_id).order_by(STUDENT.c.id)
    guardians = (
        select(GUARDIAN.c.student_id, *_columns(GUARDIAN, _GUARDIAN_COLUMNS))
        .where(GUARDIAN.c.ended_at.is_(None))
        .order_by(GUARDIAN.c.id)
    )
    if locking:  # against editors on a server; the embedded database has one writer anyway
        students, guardians = students.with_for_update(), guardians.with_for_update()
    rows = session.execute(students).all()
    children = {row[0]: StoredChild(*row[:-1]) for row in rows if row.merged_into_id is None}
    for row in rows:
        if kept := children.get(row.merged_into_id or 0):
            kept.other_numbers |= {row.student_no} - {None}
            kept.other_id_hashes |= {row.id_number_hash} - {None}
    for student_id, *values in session.execute(guardians):
        if child := children.get(student_id):  # a server shows each statement what was committed by then
            child.guardians.append(StoredGuardian(*values))
    stays = (
        select(
            MEMBERSHIP.c.student_id,
            *_columns(MEMBERSHIP, ["id", "class_id"]),
            *_columns(CLASS, ["school_year", "grade", "number"]),
            MEMBERSHIP.c.from_day,
        )
        .join(CLASS, CLASS.c.id == MEMBERSHIP.c.class_id)
        .where(MEMBERSHIP.c.to_day.is_(None))
    )
    for student_id, *stay in session.execute(stays):
        if child := children.get(student_id):
            child.stay = Stay(*stay)
    columns = _columns(CATEGORY, ["student_id", "kind", "id", "left_behind_kind", "guardianship", "version"])
    for student_id, kind, *rest in session.execute(select(*columns).where(CATEGORY.c.to_day.is_(None))):
        if child := children.get(student_id):
            child.categories.add(kind)
            if kind is CategoryKind.LEFT_BEHIND:
                child.left_behind = StoredLeftBehind(*rest)
    return _indexed(list(children.values()), school_year)


def _columns(table: Any, names: Sequence[str]) -> list[Any]:  # SQLAlchemy's columns have a type each
    return [table.c[name] for name in names]


def _indexed(children: list[StoredChild], school_year: int) -> StoredChildren:
    by_place: defaultdict[tuple[str, int, int], list[StoredChild]] = defaultdict(list)
    for child in children:
        if place := child.class_in(school_year):
            by_place[child.name, *place].append(child)
    merged_numbers = {number: child for child in children for number in child.other_numbers}
    merged_hashes = {hashed: child for child in children for hashed in child.other_id_hashes}
    return StoredChildren(
        by_number=merged_numbers | {child.student_no: child for child in children if child.student_no},
        by_id_hash=merged_hashes | {child.id_number_hash: child for child in children if child.id_number_hash},
        by_place=dict(by_place),
        everybody=children,
    )
