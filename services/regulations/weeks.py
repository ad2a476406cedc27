"""Each school week as it was told: frozen once when it is over, its digest in the chain of events, and never again.

No background process: whoever of those who read the whole school's figures comes first after the week freezes it, and
those before it in which nobody came.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import date, time, timedelta

from sqlalchemy import exists
from sqlmodel import Session, col, select

from db.frozen_weeks import digest_of
from db.locks import Turn, take_turn
from db.sealing import seal, unseal
from db.tables import AuditEvent, ClauseWeek, ClauseWeekState
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar, monday_of
from services.regulations.compliance import FIGURES, reads_whole_school
from services.regulations.kept_results import whole_school
from services.regulations.measures import measures
from services.regulations.switches import load_switches
from services.regulations.week_facts import WeekFacts, facts_of, lists_of, numbers_of

_LOOKED_BACK = 12
"""So many weeks lie between two school weeks at most, a summer begun early and ended late; older gaps stay."""


def weeks_over(calendar: SchoolCalendar, today: date) -> Iterator[date]:
    """Yield the Mondays of the school weeks that are over, the last one first, as far as is looked back."""
    for back in range(1, _LOOKED_BACK + 1):
        first = monday_of(today) - timedelta(weeks=back)
        if any(calendar.is_school_day(first + timedelta(days=number)) for number in range(7)):
            yield first


@permitted(Permission.REGULATION_READ)
def is_week_open(session: Session, actor: Actor) -> bool:
    """Say whether a school week still has to be frozen, and this person's reading it does that."""
    return reads_whole_school(actor) and is_owed(session, frozen=session.exec(select(col(ClauseWeek.first_day))).all())


def is_owed(session: Session, *, frozen: Collection[date]) -> bool:
    """Say whether a school week is over, not among those that are frozen, and clauses counted in it."""
    return _oldest_owed(session, frozen) is not None


def _oldest_owed(session: Session, frozen: Collection[date]) -> date | None:
    """Return the Monday of the first week to be frozen: since the last that is, or else the last one.

    A week without any event is none: nobody worked with the program, or it never was (a clock that ran ahead).
    """
    today = clock.today()
    last = max((each for each in frozen if each < today), default=None)
    over = list(weeks_over(load_calendar(session), today))
    owed = over[:1] if last is None else [each for each in over if each > last]
    if not owed:
        return None
    switches = load_switches(session)
    counted = [
        first for first in reversed(owed)
        if any(switches.counts(clause_id, first + timedelta(days=6)) for clause_id in measures())
    ]  # fmt: skip
    return next(iter(_used(session, counted)), None)


def _used(session: Session, mondays: Sequence[date]) -> list[date]:
    """Return the weeks in which anything at all stands in the chain of events; one statement."""
    if not mondays:
        return []
    asked = [
        exists().where(
            col(AuditEvent.at) >= clock.at_school(first, time.min),
            col(AuditEvent.at) < clock.at_school(first + timedelta(weeks=1), time.min),
        )
        for first in mondays
    ]
    return [first for first, found in zip(mondays, session.execute(select(*asked)).one(), strict=True) if found]


@permitted(Permission.REGULATION_READ)
def freeze_week(session: Session, actor: Actor) -> date | None:
    """Freeze the oldest school week that is owed, and return its Monday; None where none is, or not to this actor.

    Two who come at once freeze it once.
    """
    if not is_week_open(session, actor):
        return None
    take_turn(session, Turn.SCHOOL)
    first = _oldest_owed(session, session.exec(select(col(ClauseWeek.first_day))).all())
    if first is None:
        return None
    told_on = first + timedelta(days=6)
    facts = facts_of(session, first_day=first, told_on=told_on, results=whole_school(session, on=told_on))
    if not facts.clauses:
        return None
    write_week(session, actor, facts)
    return first


def write_week(session: Session, actor: Actor, facts: WeekFacts) -> ClauseWeek:
    """Keep a week's facts for good, with the digest that proves them; for who has found that it is to be frozen."""
    numbers, lists = _as_text(numbers_of(facts)), _as_text(lists_of(facts))
    week = ClauseWeek(
        first_day=facts.first_day, told_on=facts.told_on, frozen_at=clock.now(), frozen_by_id=actor.user_id,
        numbers=numbers, digest=digest_of(numbers, lists),
    )  # fmt: skip
    seal(week, "lists_sealed", lists)
    session.add(week)
    session.flush()
    for clause_id, each in facts.clauses.items():
        counts = {name: getattr(each.whole, name) for name in ("required", *FIGURES)}
        session.add(ClauseWeekState(week_id=week.id or 0, clause_id=clause_id, state=each.state.value, **counts))
    day = facts.first_day.isoformat()
    audit.record(session, actor, audit.Action.WEEK_FROZEN, target=week, day=day, digest=week.digest)
    return week


def _as_text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def is_whole(week: ClauseWeek) -> bool:
    """Say whether a frozen week still says what it said; its digest stands in the chain of events, too."""
    return digest_of(week.numbers, unseal(week, "lists_sealed") or "") == week.digest
