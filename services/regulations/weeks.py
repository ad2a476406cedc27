"""Each school week as it was told: frozen once when it is over, its digest in the chain of events, and never again.

No background process: whoever of those who read the whole school's figures comes first after the week freezes it.
"""

import json
from collections.abc import Collection
from datetime import date, timedelta

from sqlmodel import Session, col, select

from db.frozen_weeks import digest_of
from db.locks import Turn, take_turn
from db.sealing import seal, unseal
from db.tables import ClauseWeek, ClauseWeekState
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar, monday_of
from services.regulations.compliance import FIGURES, reads_whole_school
from services.regulations.kept_results import whole_school
from services.regulations.measures import measures
from services.regulations.switches import load_switches
from services.regulations.week_facts import WeekFacts, facts_of, lists_of, numbers_of

_LONGEST_HOLIDAYS = 12
"""So many weeks lie between two school weeks at most: a summer begun early and ended late."""


def week_to_freeze(calendar: SchoolCalendar, today: date) -> date | None:
    """Return the Monday of the last school week that is over; None before the first."""
    for back in range(1, _LONGEST_HOLIDAYS + 1):
        first = monday_of(today) - timedelta(weeks=back)
        if any(calendar.is_school_day(first + timedelta(days=number)) for number in range(7)):
            return first
    return None


@permitted(Permission.REGULATION_READ)
def is_week_open(session: Session, actor: Actor) -> bool:
    """Say whether the last school week still has to be frozen, and this person's reading it does that."""
    return reads_whole_school(actor) and is_owed(session, frozen=session.exec(select(col(ClauseWeek.first_day))).all())


def is_owed(session: Session, *, frozen: Collection[date]) -> bool:
    """Say whether the last school week is over and not among those that are frozen, and clauses counted in it."""
    first = week_to_freeze(load_calendar(session), clock.today())
    if first is None or first in frozen:
        return False
    switches, sunday = load_switches(session), first + timedelta(days=6)
    return any(switches.counts(clause_id, sunday) for clause_id in measures())


@permitted(Permission.REGULATION_READ)
def freeze_week(session: Session, actor: Actor) -> ClauseWeek | None:
    """Freeze the last school week; None where it is frozen, no clause counted in it, or it isn't for this actor.

    Two who come at once freeze it once.
    """
    calendar = load_calendar(session)
    first = week_to_freeze(calendar, clock.today()) if reads_whole_school(actor) else None
    if first is None:
        return None
    take_turn(session, Turn.SCHOOL)
    if _is_frozen(session, first):
        return None
    told_on = first + timedelta(days=6)
    facts = facts_of(session, first_day=first, told_on=told_on, results=whole_school(session, on=told_on))
    return write_week(session, actor, facts) if facts.clauses else None


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


def _is_frozen(session: Session, first: date) -> bool:
    return session.exec(select(ClauseWeek.id).where(col(ClauseWeek.first_day) == first)).first() is not None
