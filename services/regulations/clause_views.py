"""One clause as its page shows it: text, source, who answers for it, its numbers, its switches, the weeks as told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from db.tables import ClauseWeek, ClauseWeekState
from services import clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.errors import NotFound
from services.regulations.catalogue import Clause, clauses
from services.regulations.compliance import ClauseRow, find_row, reads_whole_school, sees_numbers_only
from services.regulations.deadlines import DutyState
from services.regulations.measures import measures
from services.regulations.parameters import Parameter, Span, parameters
from services.regulations.switches import load_switches
from services.regulations.switching import SwitchLine, first_full_period, list_switches
from services.regulations.week_facts import as_frozen


@dataclass(frozen=True, slots=True)
class ClauseNumber:
    """One number of a clause, as it is in force today, and every value it had or will have with its days."""

    parameter: Parameter
    value: int
    spans: tuple[Span, ...]  # the oldest first


@dataclass(frozen=True, slots=True)
class ToldWeek:
    """How a clause stood in a week, as it was told; None where too few children stand behind a number to tell it."""

    first_day: date
    state: DutyState
    required: int | None
    done: int | None
    overdue: int | None
    missed: int | None


@dataclass(frozen=True, slots=True)
class ClauseView:
    """One clause with everything that belongs to it."""

    clause: Clause
    row: ClauseRow
    numbers: tuple[ClauseNumber, ...]
    switches: tuple[SwitchLine, ...]
    version: int  # the number of the last switch, which a form is drawn from
    is_on: bool  # by its last switch: in force now, or from the day it names
    starts_on: date | None  # when it would count from, switched on today; None: it can't be measured
    weeks: tuple[ToldWeek, ...]
    shows_names: bool
    may_switch: bool
    may_set: bool  # its numbers
    may_ask: bool


@permitted(Permission.REGULATION_READ)
def find_clause(session: Session, actor: Actor, *, clause_id: str) -> ClauseView:
    """Return one clause as it stands today; twelve statements at most.

    Raises:
        NotFound: there is no such clause.
    """
    if clause_id not in clauses():
        raise NotFound
    calendar, today = load_calendar(session), clock.today()
    may_switch = clause_id in measures() and allows(actor, Permission.REGULATION_WRITE)
    switches = list_switches(session, actor, clause_id=clause_id) if may_switch else []
    is_measured = clause_id in measures()
    return ClauseView(
        clause=clauses()[clause_id],
        row=find_row(session, actor, clause_id=clause_id),
        numbers=tuple(
            ClauseNumber(each, calendar.numbers.on(each.name, today), tuple(calendar.numbers.spans(each.name)))
            for each in parameters().values()
            if each.clause_id == clause_id
        ),
        switches=tuple(switches),
        version=len(switches),
        is_on=load_switches(session).is_on(clause_id),
        starts_on=first_full_period(clause_id, calendar=calendar, on=today) if is_measured else None,
        weeks=_told_weeks(session, actor, clause_id),
        shows_names=not sees_numbers_only(actor),
        may_switch=may_switch,
        may_set=allows(actor, Permission.SCHOOL_WRITE),
        may_ask=is_measured and allows(actor, Permission.EXCUSE_ASK),
    )


def _told_weeks(session: Session, actor: Actor, clause_id: str) -> tuple[ToldWeek, ...]:
    """Return a clause's frozen weeks as this reader may read them; the own classes alone were never told apart."""
    if not reads_whole_school(actor):
        return ()
    if sees_numbers_only(actor):
        return tuple(_held_back_weeks(session, clause_id))
    rows: Sequence[Any] = session.execute(
        select(ClauseWeek.first_day, ClauseWeekState)  # type: ignore[call-overload]  # it takes a table beside a column
        .join(ClauseWeekState, col(ClauseWeekState.week_id) == col(ClauseWeek.id))
        .where(ClauseWeekState.clause_id == clause_id, col(ClauseWeek.first_day) <= clock.today())
        .order_by(col(ClauseWeek.first_day))
    ).all()
    return tuple(
        ToldWeek(first_day, DutyState(row.state), row.required, row.done, row.overdue, row.missed)
        for first_day, row in rows
    )


def _held_back_weeks(session: Session, clause_id: str) -> Iterator[ToldWeek]:
    columns = col(ClauseWeek.first_day), col(ClauseWeek.told_on), col(ClauseWeek.numbers)
    for first_day, told_on, numbers in session.execute(
        select(*columns).where(columns[0] <= clock.today()).order_by(columns[0])
    ):
        found = as_frozen(first_day, told_on, numbers=numbers).clauses.get(clause_id)
        if found is not None:
            told = found.held_back
            yield ToldWeek(first_day, found.state, told.required, told.done, told.overdue, told.missed)
