"""The school itself: its name, terms, days off and on, classes and who teaches them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from sqlmodel import Session, col, func, select

from db.locks import Turn, take_turn
from db.tables import (
    AppUser,
    ClassMembership,
    ClassTeacher,
    ClassTeacherKind,
    SchoolClass,
    SchoolDayException,
    Setting,
    Term,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar
from services.editing import lock_version
from services.errors import EditedMeanwhile, NotFound
from services.fields import SHORT, Checker

SCHOOL_NAME = "school_name"
DAY = timedelta(days=1)
LONGEST_BREAK_DAYS = 100
MOST_CLASSES = 60
FIRST_YEAR, LAST_YEAR = 2000, 2100
SHORTEST_TERM_DAYS, LONGEST_TERM_DAYS = 28, 215
GRADE_DIGITS = "一二三四五六七八九"
SENIOR = {10: "高一", 11: "高二", 12: "高三"}


class TermProblem(StrEnum):
    """Why a term can't be saved, beside its dates' own problems."""

    OVERLAPS = "overlaps"


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class as lists show it."""

    id: int
    school_year: int
    grade: int
    number: int
    homeroom_name: str | None
    homeroom_id: int | None
    pupils: int

    @property
    def label(self) -> str:
        """The class as the school writes it."""
        return class_label(self.grade, self.number)


def class_label(grade: int, number: int) -> str:
    """Write a class as schools do: 七（3）班, 高一（2）班."""
    return f"{SENIOR.get(grade) or GRADE_DIGITS[grade - 1]}（{number}）班"


def grade_label(grade: int) -> str:
    """Write a grade as schools do: 七年级, 高一."""
    return SENIOR.get(grade) or f"{GRADE_DIGITS[grade - 1]}年级"


def school_year_of(day: date) -> int:
    """Return the school year a day lies in, named by the year it begins in; it begins on 1 September."""
    return day.year if day.month >= 9 else day.year - 1


def current_school_year(calendar: SchoolCalendar, day: date) -> int:
    """Return the school year that counts on a day: its term's, else the calendar's."""
    term = calendar.term_of(day)
    return term.school_year if term else school_year_of(day)


def school_name(session: Session) -> str | None:
    """Return the school's name; everybody may know it, signed in or not."""
    return _setting(session, SCHOOL_NAME)


@dataclass(frozen=True, slots=True)
class SchoolName:
    """The school's name as a form draws it."""

    version: int
    school_name: str


@permitted(Permission.HOME_READ)
def find_school_name(session: Session, actor: Actor) -> SchoolName:
    """Return the school's name with the version a form is drawn from."""
    row = session.get(Setting, SCHOOL_NAME)
    return SchoolName(row.version if row else 0, _setting(session, SCHOOL_NAME) or "")


@permitted(Permission.SCHOOL_WRITE)
def rename_school(session: Session, actor: Actor, *, name: str, version: int) -> None:
    """Give the school another name.

    Raises:
        FieldErrors: the name is blank or too long.
        EditedMeanwhile: somebody changed it since the form was drawn.
    """
    check = Checker()
    cleaned = check.required_text("school_name", name, limit=SHORT)
    check.finish()
    take_turn(session, Turn.SCHOOL)
    stored = find_school_name(session, actor)
    if stored.version != version:
        raise EditedMeanwhile(stored)
    save_setting(session, SCHOOL_NAME, cleaned)
    audit.record(session, actor, audit.Action.SETTINGS_CHANGED, fields=[SCHOOL_NAME])


@permitted(Permission.HOME_READ)
def list_terms(session: Session, actor: Actor) -> Sequence[Term]:
    """Return all terms, the newest first."""
    return session.exec(select(Term).order_by(col(Term.first_day).desc())).all()


@permitted(Permission.HOME_READ)
def find_calendar(session: Session, actor: Actor) -> SchoolCalendar:
    """Return the school calendar."""
    return load_calendar(session)


@permitted(Permission.SCHOOL_WRITE)
def save_term(
    session: Session,
    actor: Actor,
    *,
    school_year: int,
    number: int,
    first_day: date | None,
    last_day: date | None,
    term_id: int | None = None,
    version: int | None = None,
) -> Term:
    """Add a term, or change its dates.

    Raises:
        FieldErrors: a date is missing, the term is too short or long, or overlaps another.
        EditedMeanwhile: somebody changed it since the form was drawn.
    """
    take_turn(session, Turn.SCHOOL)
    check_term(session, school_year=school_year, number=number, first_day=first_day, last_day=last_day, term_id=term_id)
    if first_day is None or last_day is None:  # check_term has refused this; said again for the types
        raise NotFound
    if term_id is not None and version is not None:
        term = lock_version(session, Term, term_id, version=version)
        term.school_year, term.number, term.first_day, term.last_day = school_year, number, first_day, last_day
    else:
        term = Term(school_year=school_year, number=number, first_day=first_day, last_day=last_day)
    session.add(term)
    session.flush()
    audit.record(session, actor, audit.Action.TERM_SAVED, target=term)
    return term


def check_term(
    session: Session,
    *,
    school_year: int,
    number: int,
    first_day: date | None,
    last_day: date | None,
    term_id: int | None = None,
) -> None:
    """Refuse impossible term dates.

    Raises:
        FieldErrors: as said.
    """
    check = Checker()
    if first_day is None:
        check.add("first_day", "required")
    if last_day is None:
        check.add("last_day", "required")
    _check_year(check, school_year)
    if number not in (1, 2):
        check.add("number", "out_of_range")
    if first_day and last_day:
        days = (last_day - first_day).days + 1
        if days <= 0:
            check.add("last_day", "before_start")
        elif not SHORTEST_TERM_DAYS <= days <= LONGEST_TERM_DAYS:
            check.add("last_day", "term_length", days=days)
        elif abs(first_day.year - school_year) > 1:
            check.add("first_day", "other_school_year")
        for other in session.exec(select(Term).where(Term.id != term_id)) if term_id else session.exec(select(Term)):
            if (other.school_year, other.number) == (school_year, number):
                check.add("number", "term_exists")
            elif other.first_day <= last_day and first_day <= other.last_day:
                check.add("first_day", TermProblem.OVERLAPS)
    check.finish()


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days in a row on which the school differs from the national calendar in the same way, last day included."""

    first_day: date
    last_day: date
    is_school_day: bool
    label: str


@permitted(Permission.HOME_READ)
def list_day_exceptions(session: Session, actor: Actor) -> list[DayRange]:
    """Return the days on which the school differs from the national calendar, the newest first."""
    ranges: list[DayRange] = []
    for row in session.exec(select(SchoolDayException).order_by(col(SchoolDayException.day))):
        before = ranges[-1] if ranges else None
        if before and (before.last_day + DAY, before.is_school_day, before.label) == (
            row.day,
            row.is_school_day,
            row.label,
        ):
            ranges[-1] = replace(before, last_day=row.day)
        else:
            ranges.append(DayRange(row.day, row.day, row.is_school_day, row.label))
    return ranges[::-1]


@permitted(Permission.SCHOOL_WRITE)
def save_day_exception(
    session: Session,
    actor: Actor,
    *,
    day: date | None,
    is_school_day: bool,
    label: str,
    last_day: date | None = None,
) -> None:
    """Say that a day, or every day up to `last_day`, is or is not a school day here; the last word on a day counts.

    Raises:
        FieldErrors: the day or the reason is missing, or the days are in the wrong order or too many.
    """
    check = Checker()
    reason = check.required_text("label", label, limit=SHORT)
    if day is None:
        check.add("day", "required")
    elif last_day is not None and last_day < day:
        check.add("last_day", "before_start")
    elif last_day is not None and (last_day - day).days >= LONGEST_BREAK_DAYS:
        check.add("last_day", "too_many_days", limit=LONGEST_BREAK_DAYS)
    check.finish()
    if day is None:  # refused above; said again for the types
        raise NotFound
    take_turn(session, Turn.SCHOOL)
    for offset in range(((last_day or day) - day).days + 1):
        session.merge(SchoolDayException(day=day + DAY * offset, is_school_day=is_school_day, label=reason))
    audit.record(
        session,
        actor,
        audit.Action.SCHOOL_DAY_SAVED,
        day=day.isoformat(),
        last_day=(last_day or day).isoformat(),
        is_school_day=is_school_day,
    )


@permitted(Permission.SCHOOL_WRITE)
def remove_day_exception(session: Session, actor: Actor, *, day: date, last_day: date | None = None) -> None:
    """Let the national calendar count again for a day, or for every day up to `last_day`.

    Raises:
        NotFound: nothing was said about these days.
    """
    rows = session.exec(
        select(SchoolDayException).where(
            col(SchoolDayException.day) >= day, col(SchoolDayException.day) <= (last_day or day)
        )
    ).all()
    if not rows:
        raise NotFound
    for row in rows:
        session.delete(row)
    audit.record(
        session,
        actor,
        audit.Action.SCHOOL_DAY_SAVED,
        day=day.isoformat(),
        last_day=(last_day or day).isoformat(),
        removed=True,
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
    rows = session.exec(
        select(SchoolClass, AppUser.display_name, AppUser.id, func.coalesce(pupils.c.pupils, 0))
        .join(
            ClassTeacher,
            (col(ClassTeacher.class_id) == col(SchoolClass.id))
            & (col(ClassTeacher.kind) == ClassTeacherKind.HOMEROOM)
            & col(ClassTeacher.to_day).is_(None),
            isouter=True,
        )
        .join(AppUser, col(AppUser.id) == col(ClassTeacher.user_id), isouter=True)
        .join(pupils, pupils.c.class_id == SchoolClass.id, isouter=True)
        .where(SchoolClass.school_year == year)
        .order_by(col(SchoolClass.grade), col(SchoolClass.number))
    ).all()
    return [
        ClassRow(found.id or 0, found.school_year, found.grade, found.number, name, user_id, count)
        for found, name, user_id, count in rows
    ]


@permitted(Permission.SCHOOL_WRITE, Permission.STUDENT_WRITE)
def ensure_class(session: Session, actor: Actor, *, school_year: int, grade: int, number: int) -> SchoolClass:
    """Return a class, adding it where the school year has none such.

    Raises:
        FieldErrors: there is no such grade or number.
    """
    check = Checker()
    _check_year(check, school_year)
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
def ensure_classes(session: Session, actor: Actor, *, school_year: int, grade: int, count: int) -> int:
    """Add what is missing of the classes 1 to `count` of a grade, and return how many that were.

    Raises:
        FieldErrors: there is no such grade, or the number of classes can't be.
    """
    check = Checker()
    _check_year(check, school_year)
    if not 1 <= grade <= 12:
        check.add("grade", "out_of_range")
    if not 1 <= count <= MOST_CLASSES:
        check.add("count", "out_of_range")
    check.finish()
    known = session.exec(
        select(SchoolClass.number).where(SchoolClass.school_year == school_year, SchoolClass.grade == grade)
    ).all()
    missing = sorted(set(range(1, count + 1)) - set(known))
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
def set_subject_teacher(
    session: Session, actor: Actor, *, class_id: int, user_id: int | None, subject: str | None, teaches: bool
) -> None:
    """Say that somebody teaches a class a subject from today on, or no longer does.

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
    elif current is not None:
        current.subject = subject
        session.add(current)
    elif teaches:
        session.add(
            ClassTeacher(
                class_id=class_id,
                user_id=user_id,
                kind=ClassTeacherKind.SUBJECT,
                subject=subject,
                from_day=clock.today(),
            )
        )
    audit.record(session, actor, audit.Action.CLASS_TEACHER_CHANGED, class_id=class_id, user_id=user_id)


def _check_year(check: Checker, school_year: int) -> None:
    if not FIRST_YEAR <= school_year <= LAST_YEAR:
        check.add("school_year", "out_of_range")


def _require_active(session: Session, user_id: int) -> None:
    user = session.get(AppUser, user_id)
    if user is None or not user.is_active:
        raise NotFound


def save_setting(session: Session, name: str, value: object) -> None:
    """Store a setting; called by the services that own it."""
    row = session.get(Setting, name, with_for_update=True) or Setting(name=name, value="", version=0)
    row.value, row.version = json.dumps(value, ensure_ascii=False), row.version + 1
    session.add(row)


def _setting(session: Session, name: str) -> str | None:
    row = session.get(Setting, name)
    return json.loads(row.value) if row else None
