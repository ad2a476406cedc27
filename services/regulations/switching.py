"""Putting clauses into force and out of it, each from a day; what counted before stays as it was."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from db.locks import Turn, take_turn
from db.tables import AppUser, ClauseSwitch
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import LAST_YEAR, SchoolCalendar, load_calendar
from services.errors import EditedMeanwhile, NotFound
from services.fields import LINE, Checker
from services.parameter_versions import take_back
from services.regulations.measures import Evaluator, Measure, measures
from services.regulations.periods import Unit, periods_of, school_days_around

FIRST_DOZEN = (
    "D-05", "E-02", "E-07", "F-03", "G-01", "G-04", "G-05", "H-02", "H-04", "J-01", "K-01", "K-04",
)  # fmt: skip
"""What a school is offered to begin with: what the regulations press most, and what it records anyway."""


@dataclass(frozen=True, slots=True)
class SwitchLine:
    """One switch of a clause, with who made it and why."""

    id: int
    is_on: bool
    from_day: date
    reason: str | None
    set_by: str | None  # None: the command line
    set_at: datetime
    withdrawn_at: datetime | None
    may_withdraw: bool


@permitted(Permission.REGULATION_READ)
def list_switches(session: Session, actor: Actor, *, clause_id: str) -> list[SwitchLine]:
    """Return every switch of a clause, the newest first; one statement."""
    rows = session.exec(
        select(ClauseSwitch, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(ClauseSwitch.set_by_id), isouter=True)
        .where(ClauseSwitch.clause_id == clause_id)
        .order_by(col(ClauseSwitch.number).desc())
    ).all()
    today = clock.today()
    return [
        SwitchLine(
            row.id or 0, row.is_on, row.from_day, row.reason, name, row.set_at, row.withdrawn_at,
            may_withdraw=row.withdrawn_at is None and row.from_day > today,
        )
        for row, name in rows
    ]  # fmt: skip


def first_full_period(clause_id: str, *, calendar: SchoolCalendar, on: date) -> date:
    """Return when a clause switched on today counts from, if nobody says otherwise: its first full period.

    Shares and steps have none: they count from today.
    """
    measure = measures()[clause_id]
    unit = _shortest(measure)
    term = next((each for each in calendar.terms if each.last_day >= on), None)
    if measure.evaluator in (Evaluator.DEADLINE, Evaluator.THRESHOLD) or unit is None or term is None:
        return on
    later = [each for each in calendar.terms if each.first_day > term.last_day]
    for each in [term, *later[:1]]:
        days = school_days_around(calendar, each)
        for period in periods_of(unit, calendar=calendar, term=each, days=days, until=date.max):
            if period.first >= on:
                return period.first
    return on if unit is Unit.WEEK else max(on, term.last_day + timedelta(days=1))


def _shortest(measure: Measure) -> Unit | None:
    units = {duty.unit for duty in measure.duties} | ({measure.unit} if measure.unit else set())
    if measure.source in ("class_checks", "confirmations"):
        units.add(Unit.TERM)
    if measure.source == "special_checks":
        units.add(Unit.QUARTER)
    return next((unit for unit in Unit if unit in units), None)


@permitted(Permission.REGULATION_WRITE)
def switch_clause(
    session: Session,
    actor: Actor,
    *,
    clause_id: str,
    is_on: bool,
    from_day: date | None,
    reason: str | None,
    version: int,
) -> ClauseSwitch:
    """Put a clause into force, or out of it, from today or a later day on.

    Raises:
        NotFound: there is no such clause that can be measured.
        FieldErrors: the day is past or missing, the reason for switching it off is, it stands so already, or a switch
            agreed for a later day would undo it.
        EditedMeanwhile: somebody switched it since the form was drawn.
    """
    if clause_id not in measures():
        raise NotFound
    check = Checker()
    if from_day is None:
        check.add("from_day", "required")
    elif from_day < clock.today():
        check.add("from_day", "in_force_before_today", day=clock.today())
    elif from_day.year > LAST_YEAR:
        check.add("from_day", "out_of_range")
    cleaned = check.text("reason", reason, limit=LINE, required=not is_on)
    check.finish()
    take_turn(session, Turn.SCHOOL)
    number, last = _newest(session, clause_id)
    if number != version:
        raise EditedMeanwhile({}, edited_by=_last_editor(session, clause_id))
    check = Checker()
    if from_day is None or (last is not None and last.is_on) == is_on:
        check.add("from_day", "no_change")
    elif last is not None and from_day < last.from_day:
        check.add("from_day", "before_last_switch", day=last.from_day)
    check.finish()
    return _write(session, actor, clause_id, is_on, from_day or clock.today(), cleaned, version + 1)


@permitted(Permission.REGULATION_WRITE)
def switch_on_together(session: Session, actor: Actor, *, clause_ids: Collection[str]) -> Sequence[str]:
    """Put several clauses into force, each from its first full period; those that count already are left alone.

    Raises:
        NotFound: one of them can't be measured.
    """
    if not set(clause_ids) <= measures().keys():
        raise NotFound
    take_turn(session, Turn.SCHOOL)
    calendar, done = load_calendar(session), []
    for clause_id in (each for each in measures() if each in clause_ids):
        number, last = _newest(session, clause_id)
        if last is not None and last.is_on:
            continue
        day = first_full_period(clause_id, calendar=calendar, on=clock.today())
        day = max(day, last.from_day) if last is not None else day  # else it would end again on that day
        _write(session, actor, clause_id, True, day, None, number + 1)
        done.append(clause_id)
    return done


@permitted(Permission.REGULATION_WRITE)
def withdraw_switch(session: Session, actor: Actor, *, switch_id: int) -> None:
    """Take back a switch before its day; it stays in the history as taken back.

    Raises:
        NotFound: there is no such switch, or somebody took it back already.
        AlreadyInForce: it counts by now.
    """
    row = take_back(session, actor, ClauseSwitch, switch_id, begins=lambda row: row.from_day)
    audit.record(session, actor, audit.Action.CLAUSE_SWITCH_WITHDRAWN, target=row, kind=row.clause_id)


def _newest(session: Session, clause_id: str) -> tuple[int, ClauseSwitch | None]:
    """Return the number of a clause's last switch, and the last one that stands."""
    rows = session.exec(
        select(ClauseSwitch).where(ClauseSwitch.clause_id == clause_id).order_by(col(ClauseSwitch.number).desc())
    ).all()
    return (rows[0].number if rows else 0), next((row for row in rows if row.withdrawn_at is None), None)


def _last_editor(session: Session, clause_id: str) -> str | None:
    return session.exec(
        select(AppUser.display_name)
        .join(ClauseSwitch, col(ClauseSwitch.set_by_id) == col(AppUser.id))
        .where(ClauseSwitch.clause_id == clause_id)
        .order_by(col(ClauseSwitch.number).desc())
    ).first()


def _write(
    session: Session, actor: Actor, clause_id: str, is_on: bool, day: date, reason: str | None, number: int
) -> ClauseSwitch:
    row = ClauseSwitch(
        clause_id=clause_id, number=number, is_on=is_on, from_day=day, reason=reason,
        set_by_id=actor.user_id, set_at=clock.now(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.record(
        session, actor, audit.Action.CLAUSE_SWITCHED, target=row, kind=clause_id, after=is_on, day=day.isoformat()
    )
    return row
