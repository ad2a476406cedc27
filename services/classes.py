"""The classes of a school year, how they are written, and who teaches them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, select

from db.locks import Turn, take_turn
from db.tables import AppUser, ClassMembership, ClassTeacher, ClassTeacherKind, Role, RoleGrant, SchoolClass
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import current_school_year, is_school_year, load_calendar
from services.errors import EditedMeanwhile, NotFound
from services.exchange.classes import read_class
from services.fields import Checker

MOST_CLASSES = 60
GRADE_DIGITS = "一二三四五六七八九"
SENIOR = {10: "高一", 11: "高二", 12: "高三"}
_NO_GRADE = 99


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class as lists show it."""

    id: int
    school_year: int
    grade: int
    number: int
    homeroom_name: str | None
    homeroom_id: int | None
    has_homeroom: bool  # somebody who is there: the account is in use and still holds the post
    pupils: int

    @property
    def label(self) -> str:
        """The class as the school writes it."""
        return class_label(self.grade, self.number)


def class_label(grade: int, number: int) -> str:
    """Write a class as schools do: 七（3）班, 高一（2）班."""
    return f"{SENIOR.get(grade) or GRADE_DIGITS[grade - 1]}（{number}）班"


@lru_cache(maxsize=4096)  # lists of a hundred thousand lines name a few dozen classes
def label_order(label: str) -> tuple[int, int, str]:
    """Return what labels are sorted by: as classes stand in a school, by grade and number; what is none comes last."""
    found = read_class(label)
    return (found.grade, found.class_no, label) if found else (_NO_GRADE, 0, label)


def known_class(grade: int | None, number: int | None) -> str | None:
    """Write a class that was joined to a child; None for a child without one."""
    return class_label(grade, number) if grade is not None and number is not None else None


def grade_label(grade: int) -> str:
    """Write a grade as schools do: 七年级, 高一."""
    return SENIOR.get(grade) or f"{GRADE_DIGITS[grade - 1]}年级"


def is_homeroom_teacher() -> ColumnElement[bool]:
    """Return the filter on accounts: in use, and with the post of homeroom teacher."""
    holders = select(RoleGrant.user_id).where(RoleGrant.role == Role.HOMEROOM, col(RoleGrant.ended_at).is_(None))
    return and_(col(AppUser.is_active), col(AppUser.id).in_(holders))


def teaches_as_homeroom() -> ColumnElement[bool]:
    """Return the condition that joins a class to who is its homeroom teacher now."""
    return and_(
        col(ClassTeacher.class_id) == col(SchoolClass.id),
        col(ClassTeacher.kind) == ClassTeacherKind.HOMEROOM,
        col(ClassTeacher.to_day).is_(None),
    )


@permitted(Permission.HOME_READ)
def list_classes(session: Session, actor: Actor, *, school_year: int | None = None) -> list[ClassRow]:
    """Return the classes of a school year (the current one by default) with homeroom teacher and pupil count."""
    year = school_year if school_year is not None else current_school_year(load_calendar(session), clock.today())
    pupils = (
        select(ClassMembership.class_id, func.count().label("pupils"))
        .where(col(ClassMembership.to_day).is_(None))
        .group_by(col(ClassMembership.class_id))
        .subquery()
    )
    columns: list[Any] = [  # one more than the stubs of select can type
        SchoolClass,
        AppUser.display_name,
        AppUser.id,
        func.coalesce(is_homeroom_teacher(), False),
        func.coalesce(pupils.c.pupils, 0),
    ]
    rows = session.exec(
        select(*columns)
        .select_from(SchoolClass)
        .join(ClassTeacher, teaches_as_homeroom(), isouter=True)
        .join(AppUser, col(AppUser.id) == col(ClassTeacher.user_id), isouter=True)
        .join(pupils, pupils.c.class_id == SchoolClass.id, isouter=True)
        .where(SchoolClass.school_year == year)
        .order_by(col(SchoolClass.grade), col(SchoolClass.number))
    ).all()
    return [
        ClassRow(found.id or 0, found.school_year, found.grade, found.number, name, user_id, bool(is_there), count)
        for found, name, user_id, is_there, count in rows
    ]


@permitted(Permission.SCHOOL_WRITE, Permission.STUDENT_WRITE)
def ensure_class(session: Session, actor: Actor, *, school_year: int, grade: int, number: int) -> SchoolClass:
    """Return a class, adding it where the school year has none such.

    Raises:
        FieldErrors: there is no such grade or number.
    """
    check = Checker()
    if not is_school_year(school_year):
        check.add("school_year", "out_of_range")
    if not 1 <= grade <= 12:
        check.add("grade", "out_of_range")
    if not 1 <= number <= MOST_CLASSES:
        check.add("number", "out_of_range")
    check.finish()
    take_turn(session, Turn.SCHOOL)
    found = session.exec(
        select(SchoolClass).where(
            SchoolClass.school_year == school_year, SchoolClass.grade == grade, SchoolClass.number == number
        )
    ).first()
    if found is None:
        found = SchoolClass(school_year=school_year, grade=grade, number=number)
        session.add(found)
        session.flush()
        audit.record(session, actor, audit.Action.CLASS_SAVED, target=found)
    return found


@permitted(Permission.SCHOOL_WRITE)
def ensure_classes(session: Session, actor: Actor, *, school_year: int, grade: int, count: float | None) -> int:
    """Add what is missing of the classes 1 to `count` of a grade, and return how many that were.

    Raises:
        FieldErrors: there is no such grade, or the number of classes can't be.
    """
    check = Checker()
    if not is_school_year(school_year):
        check.add("school_year", "out_of_range")
    if not 1 <= grade <= 12:
        check.add("grade", "out_of_range")
    highest = check.whole_number("count", count)
    if count is None:
        check.add("count", "required")
    elif highest is not None and not 1 <= highest <= MOST_CLASSES:
        check.add("count", "beyond_bounds", least=1, most=MOST_CLASSES, unit="个班")
    check.finish()
    known = session.exec(
        select(SchoolClass.number).where(SchoolClass.school_year == school_year, SchoolClass.grade == grade)
    ).all()
    missing = sorted(set(range(1, (highest or 0) + 1)) - set(known))
    for number in missing:
        ensure_class(session, actor, school_year=school_year, grade=grade, number=number)
    return len(missing)


@dataclass(frozen=True, slots=True)
class SubjectTeacher:
    """Who teaches a class what."""

    class_id: int
    user_id: int
    display_name: str
    subject: str | None


@permitted(Permission.SCHOOL_WRITE)
def list_subject_teachers(session: Session, actor: Actor, *, school_year: int) -> list[SubjectTeacher]:
    """Return who teaches which class of a school year now, homeroom teachers left out."""
    rows = session.exec(
        select(ClassTeacher.class_id, AppUser.id, AppUser.display_name, ClassTeacher.subject)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassTeacher.class_id))
        .join(AppUser, col(AppUser.id) == col(ClassTeacher.user_id))
        .where(
            SchoolClass.school_year == school_year,
            ClassTeacher.kind == ClassTeacherKind.SUBJECT,
            col(ClassTeacher.to_day).is_(None),
        )
        .order_by(col(ClassTeacher.id))
    ).all()
    return [SubjectTeacher(class_id, user_id or 0, name, subject) for class_id, user_id, name, subject in rows]


@permitted(Permission.ACCOUNT_ADD_TEAM)
def assign_homeroom(session: Session, actor: Actor, *, class_id: int, user_id: int | None) -> None:
    """Name the homeroom teacher of a class from today on; None leaves the class without one.

    Raises:
        NotFound: there is no such class or active account.
    """
    today = clock.today()
    if session.get(SchoolClass, class_id, with_for_update=True) is None:
        raise NotFound
    if user_id is not None:
        _require_active(session, user_id)
    current = session.exec(
        select(ClassTeacher).where(
            ClassTeacher.class_id == class_id,
            ClassTeacher.kind == ClassTeacherKind.HOMEROOM,
            col(ClassTeacher.to_day).is_(None),
        )
    ).first()
    if current is not None and current.user_id == user_id:
        return
    if current is not None:
        current.to_day = max(today, current.from_day)
        session.add(current)
        session.flush()
    if user_id is not None:
        session.add(ClassTeacher(class_id=class_id, user_id=user_id, kind=ClassTeacherKind.HOMEROOM, from_day=today))
    audit.record(session, actor, audit.Action.CLASS_TEACHER_CHANGED, class_id=class_id, user_id=user_id)


@permitted(Permission.ACCOUNT_ADD_TEAM)
def replace_homeroom(
    session: Session, actor: Actor, *, class_id: int, user_id: int | None, was_user_id: int | None
) -> None:
    """Name the homeroom teacher of a class from today on, if it is still the one the form was drawn from.

    Raises:
        NotFound: there is no such class or active account.
        EditedMeanwhile: somebody named another one since.
    """
    take_turn(session, Turn.SCHOOL)
    current = session.exec(
        select(ClassTeacher.user_id).where(
            ClassTeacher.class_id == class_id,
            ClassTeacher.kind == ClassTeacherKind.HOMEROOM,
            col(ClassTeacher.to_day).is_(None),
        )
    ).first()
    if current != was_user_id:
        raise EditedMeanwhile({"user_id": current})
    assign_homeroom(session, actor, class_id=class_id, user_id=user_id)


@permitted(Permission.ACCOUNT_ADD_TEAM)
def set_subject_teacher(
    session: Session, actor: Actor, *, class_id: int, user_id: int | None, subject: str | None, teaches: bool
) -> None:
    """Say that somebody teaches a class a subject from today on, or no longer does; what holds already is left.

    Raises:
        NotFound: there is no such class or active account.
        FieldErrors: nobody is named, or the subject's name is too long.
    """
    check = Checker()
    subject = check.text("subject", subject, limit=20)
    if user_id is None:
        check.add("user_id", "required")
    check.finish()
    take_turn(session, Turn.SCHOOL)
    if user_id is None or session.get(SchoolClass, class_id) is None:
        raise NotFound
    if teaches:
        _require_active(session, user_id)
    if _follow_teaching(session, class_id=class_id, user_id=user_id, subject=subject, teaches=teaches):
        audit.record(session, actor, audit.Action.CLASS_TEACHER_CHANGED, class_id=class_id, user_id=user_id)


def _follow_teaching(session: Session, *, class_id: int, user_id: int, subject: str | None, teaches: bool) -> bool:
    """Begin, rename or end a teacher's time in a class; say whether anything was to be done."""
    current = session.exec(
        select(ClassTeacher).where(
            ClassTeacher.class_id == class_id,
            ClassTeacher.user_id == user_id,
            ClassTeacher.kind == ClassTeacherKind.SUBJECT,
            col(ClassTeacher.to_day).is_(None),
        )
    ).first()
    if current is not None and not teaches:
        current.to_day = max(clock.today(), current.from_day)
        session.add(current)
    elif current is not None and current.subject != subject:
        current.subject = subject
        session.add(current)
    elif teaches and current is None:
        session.add(
            ClassTeacher(
                class_id=class_id,
                user_id=user_id,
                kind=ClassTeacherKind.SUBJECT,
                subject=subject,
                from_day=clock.today(),
            )
        )
    else:
        return False
    return True


def _require_active(session: Session, user_id: int) -> None:
    user = session.get(AppUser, user_id)
    if user is None or not user.is_active:
        raise NotFound
