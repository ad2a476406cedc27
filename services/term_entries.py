"""Results, health and vaccination term by term: a table for a class, a history for a child (F-14, I-12, I-22)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, and_, col, select

from db.sealing import seal, unseal
from db.tables import (
    CategoryKind,
    ClassMembership,
    HealthState,
    SchoolClass,
    Student,
    StudentCategory,
    StudyLevel,
    Term,
    TermEntry,
    Vaccination,
)
from services import audit, clock
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.calendar import TermDates, load_calendar
from services.classes import class_label
from services.errors import DomainError, NotFound
from services.fields import LONG, Checker
from services.promises import has_promise
from services.row_filters import sees_students
from services.student_rights import writes_students
from services.students import LEFT_SCHOOL

HEIGHT_CM = (60, 230)
WEIGHT_KG = (8.0, 200.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryValues:
    """What is kept of a child in a term."""

    study: StudyLevel | None = None
    health: HealthState | None = None
    checked_up_on: date | None = None
    height_cm: int | None = None
    weight_kg: float | None = None
    vaccination: Vaccination | None = None
    note: str | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing is said."""
        return self == EntryValues()


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One child in the table of a class; version 0 where nothing is kept yet."""

    student_id: int
    version: int
    name: str
    values: EntryValues
    promise: bool | None  # whether the parents' promise is filed; None: the child owes none


@dataclass(frozen=True, slots=True)
class ClassEntries:
    """The table of a class in a term."""

    class_id: int
    class_label: str
    term_id: int
    term_label: str
    rows: tuple[EntryRow, ...]

    @property
    def without_study(self) -> int:
        """How many have no result yet."""
        return sum(row.values.study is None for row in self.rows)

    @property
    def without_check_up(self) -> int:
        """How many have no check-up yet."""
        return sum(row.values.checked_up_on is None for row in self.rows)


@dataclass(frozen=True, slots=True)
class ChildEntry:
    """One term of one child."""

    term_label: str
    school_year: int
    values: EntryValues


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryInput:
    """A changed row, with the version of the row it was typed over."""

    student_id: int
    version: int
    values: EntryValues


class EntriesChanged(DomainError):
    """Somebody saved some of the same rows since the table was drawn; `rows` are they as they stand now."""

    def __init__(self, rows: tuple[EntryRow, ...]) -> None:
        super().__init__(len(rows))
        self.rows = rows


@permitted(Permission.ENTRY_WRITE)
def list_entry_terms(session: Session, actor: Actor) -> list[TermDates]:
    """Return the terms that have begun, the newest first: entries belong to one of them."""
    terms = [term for term in load_calendar(session).terms if term.first_day <= clock.today()]
    return sorted(terms, key=lambda term: term.first_day, reverse=True)


@permitted(Permission.ENTRY_WRITE)
def find_class_entries(session: Session, actor: Actor, *, class_id: int, term_id: int) -> ClassEntries:
    """Return the table of a class in a term, in the order of the register; four statements.

    Raises:
        NotFound: there is no such class or term, or it is not this actor's.
    """
    school_class, term = _mine(session, actor, class_id, term_id)
    rows = session.execute(
        select(
            Student,
            TermEntry,
            has_promise().label("has_promise"),
            col(Student.id).in_(_left_behind()).label("owes_promise"),
        )
        .join(ClassMembership, col(ClassMembership.student_id) == col(Student.id))
        .join(
            TermEntry,
            and_(col(TermEntry.student_id) == col(Student.id), col(TermEntry.term_id) == term_id),
            isouter=True,
        )
        .where(
            ClassMembership.class_id == class_id,
            col(ClassMembership.to_day).is_(None),
            col(Student.state).not_in(LEFT_SCHOOL),
        )
        .order_by(col(Student.name_order), col(Student.id))
    ).all()
    return ClassEntries(
        class_id,
        class_label(school_class.grade, school_class.number),
        term_id,
        TermDates(term_id, term.school_year, term.number, term.first_day, term.last_day).label,
        tuple(_row(child, entry, promised if owes else None) for child, entry, promised, owes in rows),
    )


@permitted(Permission.ENTRY_WRITE)
def save_class_entries(
    session: Session, actor: Actor, *, class_id: int, term_id: int, rows: Sequence[EntryInput]
) -> int:
    """Save the changed rows of a class's table, all or none; return how many changed anything.

    Raises:
        NotFound: the class, the term, or a child in it is not this actor's.
        FieldErrors: something can't be; the field is named after column and child: `height_cm_5`.
        EntriesChanged: somebody saved some of these rows since.
    """
    _mine(session, actor, class_id, term_id)
    children = _lock_children(session, class_id, [row.student_id for row in rows])
    if any(row.student_id not in children for row in rows):
        raise NotFound
    stored = _stored(session, term_id, list(children))
    if changed := _edited_meanwhile(rows, stored, children):
        raise EntriesChanged(changed)
    check = Checker()
    notes = {row.student_id: _checked(check, row) for row in rows}
    check.finish()
    written = [
        entry for row in rows if (entry := _write(session, actor, row, stored.get(row.student_id), notes, term_id))
    ]
    try:
        session.flush()
    except IntegrityError:  # saved by another process since it was looked up
        raise EntriesChanged(()) from None
    for entry in written:
        audit.record(session, actor, audit.Action.TERM_ENTRY_SAVED, target=entry, student_id=entry.student_id)
    return len(written)


@permitted(Permission.STUDENT_READ)
def list_child_entries(session: Session, actor: Actor, *, student_id: int) -> tuple[ChildEntry, ...]:
    """Return what is kept of a child, the newest term first; nothing for whom its categories are hidden."""
    rows = session.exec(
        select(TermEntry, Term)
        .join(Term, col(Term.id) == col(TermEntry.term_id))
        .join(Student, col(Student.id) == col(TermEntry.student_id))
        .where(TermEntry.student_id == student_id, sees_students(actor), sees_students(actor, Subject.CATEGORY))
        .order_by(col(Term.first_day).desc())
    ).all()
    return tuple(
        ChildEntry(
            TermDates(term.id or 0, term.school_year, term.number, term.first_day, term.last_day).label,
            term.school_year,
            _values(entry),
        )
        for entry, term in rows
    )


def _mine(session: Session, actor: Actor, class_id: int, term_id: int) -> tuple[SchoolClass, Term]:
    school_class, term = session.get(SchoolClass, class_id), session.get(Term, term_id)
    if school_class is None or term is None or term.first_day > clock.today():
        raise NotFound
    if not writes_students(actor, Permission.ENTRY_WRITE).covers_class(session, class_id):
        raise NotFound
    return school_class, term


def _left_behind() -> Any:  # a select of ids
    return select(StudentCategory.student_id).where(
        StudentCategory.kind == CategoryKind.LEFT_BEHIND, col(StudentCategory.to_day).is_(None)
    )


def _lock_children(session: Session, class_id: int, ids: Sequence[int]) -> dict[int, str]:
    """Return which of these are in the class, locked: two who save one child come after each other."""
    rows = session.exec(
        select(Student.id, Student.name)
        .join(ClassMembership, col(ClassMembership.student_id) == col(Student.id))
        .where(
            ClassMembership.class_id == class_id,
            col(ClassMembership.to_day).is_(None),
            col(Student.id).in_(ids),
            col(Student.merged_into_id).is_(None),
        )
        .order_by(col(Student.id))
        .with_for_update(key_share=True, of=Student)
    ).all()
    return {student_id or 0: name for student_id, name in rows}


def _stored(session: Session, term_id: int, ids: Sequence[int]) -> dict[int, TermEntry]:
    rows = session.exec(select(TermEntry).where(TermEntry.term_id == term_id, col(TermEntry.student_id).in_(ids))).all()
    return {row.student_id: row for row in rows}


def _edited_meanwhile(
    rows: Sequence[EntryInput], stored: Mapping[int, TermEntry], names: Mapping[int, str]
) -> tuple[EntryRow, ...]:
    found = []
    for row in rows:
        current = stored.get(row.student_id)
        if (current.version if current else 0) != row.version:
            values = _values(current) if current else EntryValues()
            version = current.version if current else 0
            found.append(EntryRow(row.student_id, version, names[row.student_id], values, None))
    return tuple(found)


def _checked(check: Checker, row: EntryInput) -> str | None:
    values, child = row.values, row.student_id
    if values.height_cm is not None and not HEIGHT_CM[0] <= values.height_cm <= HEIGHT_CM[1]:
        check.add(f"height_cm_{child}", "outside", least=HEIGHT_CM[0], most=HEIGHT_CM[1])
    if values.weight_kg is not None and not WEIGHT_KG[0] <= values.weight_kg <= WEIGHT_KG[1]:
        check.add(f"weight_kg_{child}", "outside", least=int(WEIGHT_KG[0]), most=int(WEIGHT_KG[1]))
    check.not_future(f"checked_up_on_{child}", values.checked_up_on, today=clock.today())
    if values.checked_up_on is not None and values.checked_up_on.year < clock.today().year - 25:
        check.add(f"checked_up_on_{child}", "too_early", day=values.checked_up_on)
    return check.text(f"note_{child}", values.note, limit=LONG)


def _write(
    session: Session,
    actor: Actor,
    row: EntryInput,
    current: TermEntry | None,
    notes: Mapping[int, str | None],
    term_id: int,
) -> TermEntry | None:
    """Put a row into its place; None where that changes nothing."""
    note = notes[row.student_id]
    if current is None and _tidy(row.values, note).is_blank:
        return None
    if current is not None and _values(current) == _tidy(row.values, note):
        return None
    entry = current or TermEntry(student_id=row.student_id, term_id=term_id, recorded_at=clock.now(), version=0)
    values = row.values
    entry.study, entry.health, entry.vaccination = values.study, values.health, values.vaccination
    entry.checked_up_on, entry.height_cm = values.checked_up_on, values.height_cm
    entry.weight_grams = None if values.weight_kg is None else round(values.weight_kg * 1000)
    seal(entry, "note_sealed", note)
    entry.recorded_by_id, entry.recorded_at = actor.user_id, clock.now()
    entry.version += 1
    session.add(entry)
    return entry


def _tidy(values: EntryValues, note: str | None) -> EntryValues:
    weight = None if values.weight_kg is None else round(values.weight_kg * 1000) / 1000
    return EntryValues(
        study=values.study,
        health=values.health,
        checked_up_on=values.checked_up_on,
        height_cm=values.height_cm,
        weight_kg=weight,
        vaccination=values.vaccination,
        note=note,
    )


def _row(child: Student, entry: TermEntry | None, promise: bool | None) -> EntryRow:
    values = _values(entry) if entry else EntryValues()
    is_promised = None if promise is None else bool(promise)
    return EntryRow(child.id or 0, entry.version if entry else 0, child.name, values, is_promised)


def _values(entry: TermEntry) -> EntryValues:
    return EntryValues(
        study=entry.study,
        health=entry.health,
        checked_up_on=entry.checked_up_on,
        height_cm=entry.height_cm,
        weight_kg=None if entry.weight_grams is None else entry.weight_grams / 1000,
        vaccination=entry.vaccination,
        note=unseal(entry, "note_sealed"),
    )
