"""The school itself: its name, its terms, its days off and on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select

from db.locks import Turn, take_turn
from db.tables import SchoolDayException, Setting, Term
from services import audit
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import SCHOOL_NAME, SchoolCalendar, begins_in, is_school_year, load_calendar
from services.editing import lock_version
from services.errors import EditedMeanwhile, NotFound
from services.fields import SHORT, Checker

DAY = timedelta(days=1)
LONGEST_BREAK_DAYS = 100
SHORTEST_TERM_DAYS, LONGEST_TERM_DAYS = 28, 215


class TermProblem(StrEnum):
    """Why a term can't be saved, beside its dates' own problems."""

    OVERLAPS = "overlaps"


def school_name(session: Session) -> str | None:
    """Return the school's name; everybody may know it, signed in or not."""
    return setting(session, SCHOOL_NAME)


@dataclass(frozen=True, slots=True)
class SchoolName:
    """The school's name as a form draws it."""

    version: int
    school_name: str


@permitted(Permission.HOME_READ)
def find_school_name(session: Session, actor: Actor) -> SchoolName:
    """Return the school's name with the version a form is drawn from."""
    row = session.get(Setting, SCHOOL_NAME)
    return SchoolName(row.version if row else 0, setting(session, SCHOOL_NAME) or "")


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
    if not is_school_year(school_year):
        check.add("school_year", "out_of_range")
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
        if not check.problems and not begins_in(first_day, school_year=school_year, number=number):
            check.add("first_day", "other_term")
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
    take_turn(session, Turn.SCHOOL)
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


def save_setting(session: Session, name: str, value: object) -> None:
    """Store a setting; called by the services that own it."""
    row = session.get(Setting, name, with_for_update=True) or Setting(name=name, value="", version=0)
    row.value, row.version = json.dumps(value, ensure_ascii=False), row.version + 1
    session.add(row)


def setting(session: Session, name: str) -> str | None:
    """Return a setting as it was stored, None where it is not; for the service that owns it."""
    row = session.get(Setting, name)
    return json.loads(row.value) if row else None
