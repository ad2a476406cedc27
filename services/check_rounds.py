"""Rounds of class checks: opening one, who has returned, what is owed (E-02, E-07)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import ColumnElement, null, true
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, and_, col, func, select

from db.locks import Turn, take_turn
from db.tables import (
    AppUser,
    CheckFinding,
    CheckResult,
    CheckReturn,
    CheckRound,
    ClassMembership,
    ClassTeacher,
    Role,
    SchoolClass,
    SystemFact,
)
from services import audit, clock, setup
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.calendar import END_OF_SCHOOL_DAY, SchoolCalendar, TermDates, load_calendar
from services.classes import class_label, teaches_as_homeroom
from services.errors import DomainError
from services.regulations import deadlines
from services.regulations.deadlines import DutyState, state_at
from services.row_filters import classes_of
from services.student_rights import writes_students


class RoundOpened(DomainError):
    """This term's round is open already."""


class NoTerm(DomainError):
    """No term is entered yet, so there is nothing a round could belong to."""


@dataclass(frozen=True, slots=True)
class ClassCheck:
    """How one class stands in a round."""

    class_id: int
    label: str
    homeroom_name: str | None
    pupils: int
    state: DutyState
    returned_at: datetime | None
    returned_by: str | None
    revision: int
    found: int
    changed: int
    ended: int


@dataclass(frozen=True, slots=True)
class RoundView:
    """A term's round with the classes this actor follows; without an id it is not open yet."""

    id: int | None
    term_label: str
    due_at: datetime
    may_open: bool
    classes: tuple[ClassCheck, ...]

    @property
    def returned(self) -> int:
        """How many of the classes have returned."""
        return sum(found.returned_at is not None for found in self.classes)


@dataclass(frozen=True, slots=True)
class OwedChecks:
    """What the round of this term asks of one person."""

    due_at: datetime
    since: datetime
    own: tuple[tuple[int, str], ...] = ()  # classes the person returns, by id and label
    missing: tuple[str, ...] = ()  # for the lead: every class that has not returned
    is_to_open: bool = False


@permitted(Permission.CHECK_OPEN)
def open_round(session: Session, actor: Actor) -> int:
    """Open this term's round; every class owes a return by the day the clause gives (E-02).

    Raises:
        NoTerm: no term is entered.
        RoundOpened: it is open already.
    """
    take_turn(session, Turn.SCHOOL)
    calendar = load_calendar(session)
    term = _term(calendar)
    due = deadlines.class_check_due(term=term, opened_on=clock.today(), calendar=calendar)
    found = CheckRound(term_id=term.id, due_day=due, opened_at=clock.now(), opened_by_id=actor.user_id)
    if _round_of(session, term) is not None:
        raise RoundOpened
    session.add(found)
    try:
        session.flush()
    except IntegrityError:  # opened by another process since it was looked up
        raise RoundOpened from None
    audit.record(session, actor, audit.Action.CHECK_OPENED, target=found)
    return found.id or 0


@permitted(Permission.CHECK_RETURN)
def find_round(session: Session, actor: Actor) -> RoundView:
    """Return this term's round with the classes the actor follows: all, or the own; five statements.

    Raises:
        NoTerm: no term is entered.
    """
    calendar = load_calendar(session)
    term = _term(calendar)
    found = _round_of(session, term)
    not_yet = deadlines.class_check_due(term=term, opened_on=clock.today(), calendar=calendar)
    due_day = found.due_day if found else not_yet
    due_at = clock.at_school(due_day, END_OF_SCHOOL_DAY)
    rows = _classes(session, actor, term)
    counts = _counts(session, found.id) if found else {}
    now = clock.now()
    return RoundView(
        id=found.id if found else None,
        term_label=term.label,
        due_at=due_at,
        may_open=found is None and allows(actor, Permission.CHECK_OPEN),
        classes=tuple(_class_check(row, due_at=due_at, now=now, counts=counts) for row in rows),
    )


@permitted(Permission.CHECK_RETURN)
def list_owed(session: Session, actor: Actor, *, calendar: SchoolCalendar) -> OwedChecks | None:
    """Return what this term's round asks of the actor; None where nothing; one statement, two before it is opened."""
    term, is_lead = calendar.latest_term(clock.today()), actor.has_role(Role.LEAD)
    if term is None or clock.today() < term.first_day or not (is_lead or actor.has_role(Role.HOMEROOM)):
        return None
    missing = _classes(session, actor, term, only_missing=True)
    since = clock.at_school(term.first_day, time(8))
    if not missing or missing[0].due_day is None:
        if not missing or not is_lead:
            return None
        since = max(since, _set_up_at(session) or since)  # nobody waited for it before
        return OwedChecks(since, since, is_to_open=True)
    own = tuple((row.class_id, class_label(row.grade, row.number)) for row in missing if row.is_own)
    others = tuple(class_label(row.grade, row.number) for row in missing) if is_lead else ()
    if not own and not others:
        return None
    return OwedChecks(
        due_at=clock.at_school(missing[0].due_day, END_OF_SCHOOL_DAY),
        since=missing[0].opened_at,
        own=own,
        missing=others,
    )


def _set_up_at(session: Session) -> datetime | None:
    fact = session.get(SystemFact, setup.CLAIMED)
    return datetime.fromisoformat(fact.value) if fact else None


def _term(calendar: SchoolCalendar) -> TermDates:
    term = calendar.latest_term(clock.today())
    if term is None:
        raise NoTerm
    return term


def _round_of(session: Session, term: TermDates) -> CheckRound | None:
    return session.exec(select(CheckRound).where(CheckRound.term_id == term.id)).first()


def _own_class(actor: Actor) -> ColumnElement[bool]:
    return col(SchoolClass.id).in_(classes_of(actor))


def _classes(session: Session, actor: Actor, term: TermDates, *, only_missing: bool = False) -> Sequence[Any]:
    """Return the classes that have children, with teacher, the term's round and the current return.

    Only those without a return are not counted: nobody asks how many children they have.
    """
    is_in_it = and_(col(ClassMembership.class_id) == col(SchoolClass.id), col(ClassMembership.to_day).is_(None))
    pupils = select(func.count()).select_from(ClassMembership).where(is_in_it).scalar_subquery()
    teacher, returner = AppUser.__table__.alias("teacher"), AppUser.__table__.alias("returner")  # type: ignore[attr-defined]
    all_classes = writes_students(actor, Permission.CHECK_RETURN).is_everything
    return session.execute(
        select(  # type: ignore[call-overload]  # more columns than the stubs know
            col(SchoolClass.id).label("class_id"),
            col(SchoolClass.grade),
            col(SchoolClass.number),
            teacher.c.display_name.label("homeroom_name"),
            (null() if only_missing else pupils).label("pupils"),
            col(CheckReturn.id).label("return_id"),
            col(CheckReturn.returned_at),
            col(CheckReturn.revision),
            returner.c.display_name.label("returned_by"),
            _own_class(actor).label("is_own"),
            col(CheckRound.due_day),
            col(CheckRound.opened_at),
        )
        .select_from(SchoolClass)
        .join(ClassTeacher, teaches_as_homeroom(), isouter=True)
        .join(teacher, teacher.c.id == ClassTeacher.user_id, isouter=True)
        .join(CheckRound, col(CheckRound.term_id) == term.id, isouter=True)
        .join(CheckReturn, _is_current_return(), isouter=True)
        .join(returner, returner.c.id == CheckReturn.returned_by_id, isouter=True)
        .where(
            SchoolClass.school_year == term.school_year,
            select(ClassMembership.id).where(is_in_it).exists(),
            true() if all_classes else _own_class(actor),
            col(CheckReturn.returned_at).is_(None) if only_missing else true(),
        )
        .order_by(col(SchoolClass.grade), col(SchoolClass.number))
    ).all()


def _is_current_return() -> ColumnElement[bool]:
    return and_(
        col(CheckReturn.class_id) == col(SchoolClass.id),
        col(CheckReturn.round_id) == col(CheckRound.id),
        col(CheckReturn.replaced_at).is_(None),
    )


def _counts(session: Session, round_id: int | None) -> dict[int, dict[CheckResult, int]]:
    """Return by return how many findings of each kind it has."""
    rows = session.exec(
        select(CheckFinding.return_id, CheckFinding.result, func.count())
        .join(CheckReturn, col(CheckReturn.id) == col(CheckFinding.return_id))
        .where(CheckReturn.round_id == round_id, col(CheckReturn.replaced_at).is_(None))
        .group_by(col(CheckFinding.return_id), CheckFinding.result)
    ).all()
    found: dict[int, dict[CheckResult, int]] = {}
    for return_id, result, count in rows:
        found.setdefault(return_id, {})[CheckResult(result)] = count
    return found


def _class_check(row: Any, *, due_at: datetime, now: datetime, counts: dict[int, dict[CheckResult, int]]) -> ClassCheck:
    results = counts.get(row.return_id, {})
    return ClassCheck(
        class_id=row.class_id,
        label=class_label(row.grade, row.number),
        homeroom_name=row.homeroom_name,
        pupils=row.pupils,
        state=state_at(due_at=due_at, done_at=row.returned_at, now=now),
        returned_at=row.returned_at,
        returned_by=row.returned_by,
        revision=row.revision or 0,
        found=results.get(CheckResult.FOUND, 0),
        changed=results.get(CheckResult.CHANGED, 0),
        ended=results.get(CheckResult.ENDED, 0),
    )
