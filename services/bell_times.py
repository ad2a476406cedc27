"""Keeping the bell periods: timetables in force from a day, kinds of day, and days that go otherwise."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any

from sqlmodel import Session, col, delete, select

from db.locks import Turn, take_turn
from db.tables import BellDate, BellDayKind, BellPeriod, BellTimetable, BellWeekday
from services import audit
from services.access import Permission, permitted
from services.actors import Actor
from services.bells import (
    LONGEST_NAME,
    BellCalendar,
    DateRule,
    DayKind,
    Period,
    PeriodsUnreadable,
    Timetable,
    read_periods,
    write_periods,
)
from services.calendar import is_school_year, load_calendar
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, FieldErrors, NotFound, Problem
from services.fields import Checker


class BellsInUse(DomainError):
    """Single days go by this kind of day; `days` are those days."""

    def __init__(self, days: list[date]) -> None:
        super().__init__(days)
        self.days = days


@permitted(Permission.HOME_READ)
def find_bells(session: Session, actor: Actor) -> BellCalendar:
    """Return the school calendar with its bell periods; four statements."""
    return load_bells(session)


def load_bells(session: Session) -> BellCalendar:
    """Read the bell periods with the calendar they belong to; for the services that compute with them."""
    return BellCalendar(
        load_calendar(session),
        _timetables(session),
        {
            rule.day: DateRule(rule.day, rule.day_kind_id, rule.follows_weekday)
            for rule in session.exec(select(BellDate).order_by(col(BellDate.day)))
        },
    )


def _timetables(session: Session) -> list[Timetable]:
    periods: dict[int, list[Period]] = defaultdict(list)
    for each in session.exec(select(BellPeriod).order_by(col(BellPeriod.day_kind_id), col(BellPeriod.number))):
        periods[each.day_kind_id].append(Period(each.name, each.starts_at, each.ends_at, each.is_lesson))
    columns: list[Any] = [BellTimetable, BellDayKind, BellWeekday.weekday]
    rows = session.execute(
        select(*columns)
        .select_from(BellTimetable)
        .join(BellDayKind, col(BellDayKind.timetable_id) == col(BellTimetable.id), isouter=True)
        .join(BellWeekday, col(BellWeekday.day_kind_id) == col(BellDayKind.id), isouter=True)
        .order_by(col(BellTimetable.from_day), col(BellDayKind.id), col(BellWeekday.weekday))
    )
    timetables: dict[int, BellTimetable] = {}
    kinds: dict[int, dict[int, DayKind]] = defaultdict(dict)
    for timetable, kind, weekday in rows:  # a row for each weekday of a kind; one alone for a kind or table without
        timetables[timetable.id] = timetable
        if kind is None:
            continue
        known = kinds[timetable.id].get(kind.id)
        weekdays = (*(known.weekdays if known else ()), *(() if weekday is None else (weekday,)))
        kinds[timetable.id][kind.id] = DayKind(kind.id, kind.version, kind.name, weekdays, tuple(periods[kind.id]))
    return [
        Timetable(number, each.version, each.from_day, tuple(kinds[number].values()))
        for number, each in timetables.items()
    ]


@permitted(Permission.SCHOOL_WRITE)
def begin_timetable(
    session: Session, actor: Actor, *, from_day: date | None, copy_from_id: int | None = None
) -> BellTimetable:
    """Let other bell times begin on a day, as a copy of an earlier timetable or empty.

    Raises:
        FieldErrors: the day is missing or out of reach, or a timetable begins on it already.
        NotFound: there is no such timetable to copy.
    """
    take_turn(session, Turn.SCHOOL)
    check = Checker()
    if from_day is None:
        check.add("from_day", "required")
    elif not is_school_year(from_day.year):
        check.add("from_day", "out_of_range")
    elif session.exec(select(BellTimetable.id).where(BellTimetable.from_day == from_day)).first():
        check.add("from_day", "timetable_taken")
    check.finish()
    if from_day is None:  # refused above; said again for the types
        raise NotFound
    source = next((each for each in _timetables(session) if each.id == copy_from_id), None)
    if copy_from_id is not None and source is None:
        raise NotFound
    timetable = BellTimetable(from_day=from_day)
    session.add(timetable)
    session.flush()
    for kind in source.kinds if source else ():
        copied = BellDayKind(timetable_id=timetable.id or 0, name=kind.name)
        session.add(copied)
        session.flush()
        _write_periods(session, copied.id or 0, kind.periods)
        _take_weekdays(session, copied, kind.weekdays)
    audit.record(session, actor, audit.Action.BELLS_SAVED, target=timetable, day=from_day.isoformat())
    return timetable


@permitted(Permission.SCHOOL_WRITE)
def remove_timetable(session: Session, actor: Actor, *, timetable_id: int, version: int) -> None:
    """Take a timetable away, as if it had never begun.

    Raises:
        NotFound: there is none.
        EditedMeanwhile: somebody changed it since it was shown.
        BellsInUse: single days go by one of its kinds.
    """
    take_turn(session, Turn.SCHOOL)
    timetable = lock_version(session, BellTimetable, timetable_id, version=version)
    kinds = session.exec(select(BellDayKind).where(BellDayKind.timetable_id == timetable_id)).all()
    _refuse_in_use(session, [kind.id or 0 for kind in kinds])
    for kind in kinds:
        _delete_kind(session, kind)
    session.delete(timetable)
    audit.record(session, actor, audit.Action.BELLS_SAVED, target=timetable, removed=True)


@permitted(Permission.SCHOOL_WRITE)
def save_day_kind(
    session: Session,
    actor: Actor,
    *,
    timetable_id: int,
    name: str,
    weekdays: Collection[int],
    periods: str,
    day_kind_id: int | None = None,
    version: int | None = None,
) -> BellDayKind:
    """Add a kind of day or change it: its weekdays, and its periods as text, one a line.

    A weekday chosen here leaves the kind it belonged to.

    Raises:
        FieldErrors: name or periods are missing, a line can't be read, two periods overlap, the name is taken.
        EditedMeanwhile: somebody changed it since the form was drawn.
        NotFound: there is no such timetable or kind.
    """
    take_turn(session, Turn.SCHOOL)
    timetable = session.get(BellTimetable, timetable_id)
    if timetable is None:
        raise NotFound
    cleaned, found = _checked(session, timetable_id, name=name, weekdays=weekdays, text=periods, own_id=day_kind_id)
    if day_kind_id is None:
        kind = BellDayKind(timetable_id=timetable_id, name=cleaned)
    else:
        kind = _locked_kind(session, day_kind_id, timetable_id=timetable_id, version=version or 0)
        kind.name = cleaned
    session.add(kind)
    session.flush()
    _write_periods(session, kind.id or 0, found)
    _take_weekdays(session, kind, weekdays)
    timetable.version += 1
    session.add(timetable)
    audit.record(session, actor, audit.Action.BELLS_SAVED, target=kind, count=len(found))
    return kind


def _checked(
    session: Session, timetable_id: int, *, name: str, weekdays: Collection[int], text: str, own_id: int | None
) -> tuple[str, list[Period]]:
    check = Checker()
    cleaned = check.required_text("name", name, limit=LONGEST_NAME)
    others = select(BellDayKind.id).where(BellDayKind.timetable_id == timetable_id, BellDayKind.name == cleaned)
    if cleaned and session.exec(others.where(BellDayKind.id != own_id) if own_id else others).first():
        check.add("name", "taken")
    if not all(0 <= weekday <= 6 for weekday in weekdays):
        check.add("weekdays", "unknown_choice")
    found: list[Period] = []
    try:
        found = read_periods(text)
    except PeriodsUnreadable as error:
        check.add("periods", error.code, line=error.line)
    else:
        if not found:
            check.add("periods", "required")
    check.finish()
    return cleaned, found


def _locked_kind(session: Session, day_kind_id: int, *, timetable_id: int, version: int) -> BellDayKind:
    try:
        kind = lock_version(session, BellDayKind, day_kind_id, version=version)
    except EditedMeanwhile as error:
        by_id = {each.id: each for timetable in _timetables(session) for each in timetable.kinds}
        raise EditedMeanwhile(kind_values(by_id[day_kind_id]), edited_by=last_editor(session, error.current)) from None
    if kind.timetable_id != timetable_id:
        raise NotFound
    return kind


def kind_values(kind: DayKind) -> dict[str, object]:
    """Return a kind of day as its form shows it."""
    return {
        "id": kind.id,
        "version": kind.version,
        "name": kind.name,
        "weekdays": list(kind.weekdays),
        "periods": write_periods(kind.periods),
    }


def _write_periods(session: Session, day_kind_id: int, periods: Collection[Period]) -> None:
    session.exec(delete(BellPeriod).where(col(BellPeriod.day_kind_id) == day_kind_id))
    session.add_all(
        BellPeriod(
            day_kind_id=day_kind_id,
            number=number,
            name=each.name,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            is_lesson=each.is_lesson,
        )
        for number, each in enumerate(periods, start=1)
    )
    session.flush()


def _take_weekdays(session: Session, kind: BellDayKind, weekdays: Collection[int]) -> None:
    """Give a kind its weekdays; a kind that loses one counts as edited, so that its open form can't take it back."""
    held = session.exec(select(BellWeekday).where(BellWeekday.timetable_id == kind.timetable_id)).all()
    losing = {each.day_kind_id for each in held if each.weekday in weekdays and each.day_kind_id != kind.id}
    for other in session.exec(select(BellDayKind).where(col(BellDayKind.id).in_(losing))).all():
        other.version += 1
        session.add(other)
    for each in held:
        if each.day_kind_id == kind.id or each.weekday in weekdays:
            session.delete(each)
    session.flush()
    session.add_all(
        BellWeekday(timetable_id=kind.timetable_id, weekday=weekday, day_kind_id=kind.id or 0)
        for weekday in sorted(set(weekdays))
    )
    session.flush()


@permitted(Permission.SCHOOL_WRITE)
def remove_day_kind(session: Session, actor: Actor, *, day_kind_id: int, version: int) -> None:
    """Take a kind of day out of its timetable; its weekdays then have no periods.

    Raises:
        NotFound: there is none.
        EditedMeanwhile: somebody changed it since it was shown.
        BellsInUse: single days go by it.
    """
    take_turn(session, Turn.SCHOOL)
    kind = lock_version(session, BellDayKind, day_kind_id, version=version)
    _refuse_in_use(session, [day_kind_id])
    _delete_kind(session, kind)
    audit.record(session, actor, audit.Action.BELLS_SAVED, target=kind, removed=True)


def _refuse_in_use(session: Session, kind_ids: Collection[int]) -> None:
    rows = session.exec(select(BellDate).where(col(BellDate.day_kind_id).in_(kind_ids)).order_by(col(BellDate.day)))
    if days := [row.day for row in rows]:
        raise BellsInUse(days)


def _delete_kind(session: Session, kind: BellDayKind) -> None:
    session.exec(delete(BellPeriod).where(col(BellPeriod.day_kind_id) == kind.id))
    session.exec(delete(BellWeekday).where(col(BellWeekday.day_kind_id) == kind.id))
    session.delete(kind)
    session.flush()


@permitted(Permission.SCHOOL_WRITE)
def save_bell_date(
    session: Session,
    actor: Actor,
    *,
    day: date | None,
    day_kind_id: int | None = None,
    follows_weekday: int | None = None,
) -> None:
    """Let a single school day go by a kind of day (an exam day), or as a weekday does (a make-up Saturday).

    Raises:
        FieldErrors: the day is missing or no school day, or not exactly one of the two is chosen.
    """
    check = Checker()
    if day is None:
        check.add("day", "required")
    if (day_kind_id is None) == (follows_weekday is None):
        check.add("goes_by", "required")
    elif follows_weekday is not None and not 0 <= follows_weekday <= 6:
        check.add("goes_by", "unknown_choice")
    check.finish()
    if day is None:  # refused above; said again for the types
        raise NotFound
    take_turn(session, Turn.SCHOOL)
    bells = load_bells(session)
    if not bells.calendar.is_school_day(day):
        raise FieldErrors({"day": Problem("not_school_day", day=day)})
    timetable = bells.timetable_on(day)
    kinds = timetable.kinds if timetable else ()
    if day_kind_id is not None and all(kind.id != day_kind_id for kind in kinds):
        raise FieldErrors({"goes_by": Problem("not_in_timetable")})
    session.merge(BellDate(day=day, day_kind_id=day_kind_id, follows_weekday=follows_weekday))
    audit.record(session, actor, audit.Action.BELLS_SAVED, day=day.isoformat())


@permitted(Permission.SCHOOL_WRITE)
def remove_bell_date(session: Session, actor: Actor, *, day: date) -> None:
    """Let a single day go by its own weekday again.

    Raises:
        NotFound: nothing was said about it.
    """
    row = session.get(BellDate, day)
    if row is None:
        raise NotFound
    session.delete(row)
    audit.record(session, actor, audit.Action.BELLS_SAVED, day=day.isoformat(), removed=True)
