"""The student register: finding a child, and writing down who it is, where it is and whether it is here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.sealing import unseal
from db.tables import ClassMembership, EnrolmentState, SchoolClass, Student
from services import audit, clock
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.card_history import count_cards, noting_card
from services.classes import class_label
from services.drop_out_rows import follow_drop_out
from services.editing import changed_fields, last_editor, lock_version
from services.enrolment import enrolment_change
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound, Problem
from services.exchange.classes import read_class
from services.exchange.values import read_code, read_name
from services.fields import LINE, SHORT, Checker, clean
from services.row_filters import sees_students
from services.student_entries import SEALED, StoredEntry, StudentEntry, check_entry, seal_entry, stored_entry
from services.student_rights import require_writable, writes_students

LEFT_SCHOOL = frozenset({EnrolmentState.TRANSFERRED, EnrolmentState.GRADUATED, EnrolmentState.DROPPED_OUT})
GONE_FOR_GOOD = LEFT_SCHOOL - {EnrolmentState.DROPPED_OUT}
"""Who has left otherwise than by staying away."""
NO_CLASS, NO_NUMBER = "未编班", "还没有"


@dataclass(frozen=True, slots=True)
class FoundStudent:
    """One child as the find box shows it."""

    id: int
    name: str
    class_label: str
    student_no: str


@dataclass(frozen=True, slots=True)
class SavedStudent:
    """A child just saved, and the namesakes this actor may know of: a warning, no refusal."""

    id: int
    version: int
    namesakes: tuple[FoundStudent, ...] = ()


@permitted(Permission.STUDENT_READ)
def find_students(session: Session, actor: Actor, *, text: str, limit: int = 8) -> list[FoundStudent]:
    """Return the children a text may mean: name, pinyin, initials, class or number. One statement."""
    typed = clean(text)
    if typed is None or len(typed) > SHORT:
        return []
    return _found(session, actor, matches(typed), starting_with=typed, limit=limit)


@permitted(Permission.STUDENT_READ)
def find_student(session: Session, actor: Actor, *, student_id: int) -> FoundStudent:
    """Return one child by its id, as an address names it.

    Raises:
        NotFound: there is no such child, or the actor may not see it.
    """
    found = _found(session, actor, col(Student.id) == student_id, starting_with="", limit=1)
    if not found:
        raise NotFound
    return found[0]


@permitted(Permission.STUDENT_READ)
def find_namesakes(
    session: Session, actor: Actor, *, name: str, except_id: int | None = None
) -> tuple[FoundStudent, ...]:
    """Return the children of exactly this name that the actor may see."""
    same = and_(col(Student.name) == read_name(clean(name)), col(Student.id) != (except_id or 0))
    return tuple(_found(session, actor, same, starting_with=name, limit=20))


@permitted(Permission.STUDENT_WRITE)
def find_entry(session: Session, actor: Actor, *, student_id: int) -> StoredEntry:
    """Return a child as its form is drawn.

    Raises:
        NotFound: there is no such child, or the actor may not see it.
        NotAllowed: the actor may see it, not change it.
    """
    require_writable(session, actor, student_id)
    return stored_entry(session.get_one(Student, student_id))


@permitted(Permission.STUDENT_WRITE)
def create_student(
    session: Session,
    actor: Actor,
    *,
    entry: StudentEntry,
    class_id: int | None,
    from_day: date | None = None,
    came_from: str | None = None,
) -> SavedStudent:
    """Enter a child into the register and, from a day on, into a class; `came_from` is the school it was at before.

    Raises:
        FieldErrors: something can't be saved as it is; a homeroom teacher left the class open.
        NotAllowed: the class is not this actor's.
    """
    check = Checker()
    values, identity = check_entry(session, check, entry, student_id=None)
    first_day = from_day or entry.entered_on or clock.today()
    check.not_future("from_day", from_day, today=clock.today())
    place = check.text("came_from", came_from, limit=LINE)
    _check_class(session, actor, check, class_id)
    check.finish()
    student = Student(**values, recorded_at=clock.now())
    seal_entry(student, entry, identity)
    session.add(student)
    _flush(session)
    session.add(
        enrolment_change(
            actor,
            student_id=student.id or 0,
            before=None,
            after=student.state,
            day=first_day,
            place=place,
        )
    )
    count_cards(session, [student.id or 0])
    if class_id is not None:
        session.add(ClassMembership(student_id=student.id or 0, class_id=class_id, from_day=first_day))
        session.flush()
    audit.record(session, actor, audit.Action.STUDENT_CREATED, target=student, student_id=student.id, class_id=class_id)
    return _saved(session, actor, student)


@permitted(Permission.STUDENT_WRITE)
def change_student(
    session: Session, actor: Actor, *, student_id: int, version: int, entry: StudentEntry
) -> SavedStudent:
    """Change who a child is.

    Raises:
        NotFound, NotAllowed: as `find_entry`.
        FieldErrors: something can't be saved as it is.
        EditedMeanwhile: somebody saved the child since; `current` is a StoredEntry.
    """
    require_writable(session, actor, student_id)
    student = lock_student(session, student_id, version)
    check = Checker()
    values, identity = check_entry(session, check, entry, student_id=student_id)
    check.finish()
    before = {name: unseal(student, name) for name in SEALED}
    with noting_card(session, actor, student_id):
        fields = changed_fields(student, values)
        seal_entry(student, entry, identity)
        fields += [name for name in SEALED if unseal(student, name) != before[name]]
        session.add(student)
        _flush(session)
    audit.record(
        session, actor, audit.Action.STUDENT_CHANGED, target=student, student_id=student_id, fields=sorted(fields)
    )
    return _saved(session, actor, student)


@permitted(Permission.STUDENT_WRITE)
def move_to_class(
    session: Session, actor: Actor, *, student_id: int, version: int, class_id: int | None, day: date | None
) -> None:
    """Put a child into another class from a day on; the old membership ends on that day.

    Raises:
        NotFound, NotAllowed, EditedMeanwhile: as `change_student`; the class is not this actor's.
        FieldErrors: no such class, the same one, a day that can't be, or a child that has left.
    """
    require_writable(session, actor, student_id)
    student = lock_student(session, student_id, version)
    current = _open_membership(session, student_id)
    check = Checker()
    day = _checked_day(check, day, not_before=current.from_day if current else _last_seen_in_class(session, student))
    if class_id is None:
        check.add("class_id", "required")
    elif current is not None and current.class_id == class_id:
        check.add("class_id", "same_class")
    elif student.state in LEFT_SCHOOL:
        check.add("class_id", "not_enrolled")
    else:
        _check_class(session, actor, check, class_id)
    check.finish()
    if class_id is not None:  # said again for the types
        _enter_class(session, student_id, class_id, day, current)
    audit.record(
        session, actor, audit.Action.STUDENT_CLASS_CHANGED, target=student, student_id=student_id, class_id=class_id
    )


@permitted(Permission.STUDENT_WRITE)
def change_state(
    session: Session,
    actor: Actor,
    *,
    student_id: int,
    version: int,
    state: EnrolmentState | None,
    day: date | None,
    place: str | None = None,
) -> None:
    """Say that a child is here, on leave, or has left from a day on; leaving ends its time in the class.

    A child that drops out is followed from that moment on, whoever writes it down (E-16). `place` is the school it
    goes to, or comes back from.

    Raises:
        NotFound, NotAllowed, EditedMeanwhile: as `change_student`.
        FieldErrors: no state, or a day that can't be.
    """
    require_writable(session, actor, student_id)
    student = lock_student(session, student_id, version)
    membership = _open_membership(session, student_id)
    check = Checker()
    if state is None:
        check.add("state", "required")
    if membership is not None:
        earliest: date | None = membership.from_day
    elif student.state in LEFT_SCHOOL and state not in LEFT_SCHOOL:  # it comes back, after it went
        earliest = max(filter(None, (student.left_on, _last_seen_in_class(session, student))), default=None)
    else:
        earliest = student.entered_on or student.birth_day
    day = _checked_day(check, day, not_before=earliest)
    place = check.text("place", place, limit=LINE)
    check.finish()
    before = student.state
    apply_state(session, actor, student, state=state or before, day=day, place=place)
    if student.state is EnrolmentState.DROPPED_OUT and before is not EnrolmentState.DROPPED_OUT:
        class_id = membership.class_id if membership else None
        follow_drop_out(session, actor, student_id=student_id, class_id=class_id, day=day)


def apply_state(
    session: Session, actor: Actor, student: Student, *, state: EnrolmentState, day: date, place: str | None
) -> None:
    """Give a locked child another state from a day on, with its line and event; leaving ends its time in the class."""
    membership = _open_membership(session, student.id or 0)
    before, student.state = student.state, state
    student.left_on = day if state in LEFT_SCHOOL else None
    if state in LEFT_SCHOOL and membership is not None:
        membership.to_day = day
        session.add(membership)
    session.add(student)
    if state is not before:
        session.add(
            enrolment_change(actor, student_id=student.id or 0, before=before, after=state, day=day, place=place)
        )
    session.flush()
    audit.record(
        session,
        actor,
        audit.Action.STUDENT_STATE_CHANGED,
        target=student,
        student_id=student.id,
        before=before.value,
        state=state.value,
    )


def enter_class(session: Session, student_id: int, *, class_id: int, day: date) -> None:
    """Put a locked child that is in no class into one from a day on."""
    _enter_class(session, student_id, class_id, day, None)


def is_class_of_now(session: Session, class_id: int) -> bool:
    """Say whether there is such a class this school year, or one made ahead: nobody enters a class of years ago."""
    found = session.get(SchoolClass, class_id)
    return found is not None and found.school_year >= current_school_year(load_calendar(session), clock.today())


def matches(text: str) -> ColumnElement[bool]:
    """Return the filter on Student for a typed text: the whole of it, or each of its words."""
    words = text.split()
    whole = _matches_word("".join(words))
    return or_(whole, and_(*map(_matches_word, words))) if len(words) > 1 else whole


def shown_class(grade: int | None, number: int | None, state: EnrolmentState) -> str:
    """Return the class as lists show it, for a child without one what it is instead."""
    if grade is not None and number is not None:
        return class_label(grade, number)
    return state.label if state in LEFT_SCHOOL else NO_CLASS


def _found(
    session: Session, actor: Actor, condition: ColumnElement[bool], *, starting_with: str, limit: int
) -> list[FoundStudent]:
    best_first = case(
        (col(Student.name) == starting_with, 0),
        (col(Student.name).startswith(starting_with, autoescape=True), 1),
        else_=2,
    )
    rows = session.exec(
        select(Student, SchoolClass.grade, SchoolClass.number, sees_students(actor, Subject.CONTACT))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(sees_students(actor), condition)
        .order_by(
            case((col(Student.state).in_(LEFT_SCHOOL), 1), else_=0),
            best_first,
            col(SchoolClass.grade),
            col(SchoolClass.number),
            col(Student.name_order),
            col(Student.id),
        )
        .limit(limit)
    ).all()
    return [
        FoundStudent(
            student.id or 0,
            student.name,
            shown_class(grade, number, student.state),
            _number_of(student, with_birthday=sees_card),
        )
        for student, grade, number, sees_card in rows
    ]


def is_in_class() -> ColumnElement[bool]:
    """Return the condition that joins a child to its open membership."""
    return and_(col(ClassMembership.student_id) == col(Student.id), col(ClassMembership.to_day).is_(None))


def _number_of(student: Student, *, with_birthday: bool) -> str:
    """A child without a number is told from its namesakes by its birthday, where the reader may know that."""
    if student.student_no:
        return student.student_no
    if not with_birthday:
        return NO_NUMBER
    return f"{NO_NUMBER}（{student.birth_day.month}月{student.birth_day.day}日生）"


def _matches_word(word: str) -> ColumnElement[bool]:
    letters = word.casefold()
    merged = aliased(Student)  # the number of an entry that was merged leads to the kept one
    by_old_number = select(merged.merged_into_id).where(
        col(merged.merged_into_id).is_not(None),
        func.upper(col(merged.student_no)).contains(read_code(word) or word, autoescape=True),
    )
    ways = [
        col(Student.id).in_(by_old_number),
        col(Student.name).contains(read_name(word) or word, autoescape=True),
        func.upper(col(Student.student_no)).contains(read_code(word) or word, autoescape=True),
    ]
    if letters.isascii() and letters.isalpha():
        ways += [
            col(Student.name_pinyin).contains(letters, autoescape=True),
            col(Student.name_initials).startswith(letters, autoescape=True),
        ]
    if found := read_class(word):
        ways.append(
            and_(col(SchoolClass.grade) == found.grade, col(SchoolClass.number) == found.class_no),
        )
    return or_(*ways)


def _check_class(session: Session, actor: Actor, check: Checker, class_id: int | None) -> None:
    """Only the care room may leave a child without a class, or choose any."""
    if class_id is None:
        if not writes_students(actor).is_everything:
            check.add("class_id", "required")
    elif not is_class_of_now(session, class_id):
        check.add("class_id", "unknown_choice")
    elif not writes_students(actor).covers_class(session, class_id):
        raise NotAllowed


def _last_seen_in_class(session: Session, student: Student) -> date | None:
    """Return the day from which a child in no class may enter one: after its last stay, its entry, its birth."""
    ended = session.exec(select(func.max(ClassMembership.to_day)).where(ClassMembership.student_id == student.id)).one()
    return max(filter(None, (ended, student.entered_on, student.birth_day)), default=None)


def _checked_day(check: Checker, day: date | None, *, not_before: date | None) -> date:
    if day is None:
        check.add("day", "required")
        return clock.today()
    check.not_future("day", day, today=clock.today())
    if not_before is not None and day < not_before:
        check.add("day", "before_entry", day=not_before)
    return day


def lock_student(session: Session, student_id: int, version: int) -> Student:
    """Lock a child already found writable, at the version its form was drawn from.

    Raises:
        EditedMeanwhile: somebody saved the child since; `current` is a StoredEntry.
    """
    try:
        return lock_version(session, Student, student_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(stored_entry(error.current), edited_by=last_editor(session, error.current)) from None


def lock_students(session: Session, student_ids: Iterable[int | None]) -> None:
    """Lock children before anything that hangs on them, in one order, as merging does: nobody waits for each other."""
    wanted = (
        select(Student.id)
        .where(col(Student.id).in_(student_ids))
        .order_by(col(Student.id))
        .with_for_update(key_share=True)
    )
    session.exec(wanted).all()


def lock_named(session: Session, named: Any) -> None:  # a select of ids of children
    """Lock the children a query names before what hangs on them; a merge meanwhile lets it name others, locked too."""
    locked: set[int | None] = {None}
    while missing := set(session.exec(named)) - locked:
        lock_students(session, missing)
        locked |= missing


def _open_membership(session: Session, student_id: int) -> ClassMembership | None:
    return session.exec(
        select(ClassMembership).where(ClassMembership.student_id == student_id, col(ClassMembership.to_day).is_(None))
    ).first()


def _enter_class(session: Session, student_id: int, class_id: int, day: date, current: ClassMembership | None) -> None:
    if current is not None:
        current.to_day = day
        session.add(current)
        session.flush()  # at most one membership may be open
    session.add(ClassMembership(student_id=student_id, class_id=class_id, from_day=day))
    session.flush()


def _flush(session: Session) -> None:
    """Write a child; where another process took its number since it was checked, say so like the check does."""
    try:
        session.flush()
    except IntegrityError as error:
        field = "id_number" if "id_number_hash" in str(error.orig) else "student_no"
        raise FieldErrors({field: Problem("taken")}) from None


def _saved(session: Session, actor: Actor, student: Student) -> SavedStudent:
    namesakes = find_namesakes(session, actor, name=student.name, except_id=student.id)
    return SavedStudent(student.id or 0, student.version, namesakes)
