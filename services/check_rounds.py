"""Rounds of checks: opening one, who has returned, what is owed (E-02, E-07; G-01)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import ColumnElement, case, or_, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, select

from db.locks import Turn, take_turn
from db.tables import (
    AppUser,
    CheckFinding,
    CheckKind,
    CheckResult,
    CheckReturn,
    CheckRound,
    ClassMembership,
    ClassTeacher,
    Role,
    SchoolClass,
    Student,
    StudentCategory,
    SystemFact,
)
from services import audit, clock, setup
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.asking_together import Fact, asked
from services.calendar import END_OF_SCHOOL_DAY, SchoolCalendar, load_calendar
from services.check_kinds import COVERED, Period, period_of
from services.classes import class_label, teaches_as_homeroom
from services.errors import DomainError
from services.regulations.deadlines import DutyState, state_at
from services.row_filters import classes_of
from services.student_rights import writes_students
from services.students import LEFT_SCHOOL


class RoundOpened(DomainError):
    """This term's round, or this quarter's, is open already."""


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
    confirmed: int = 0
    unseen: tuple[str, ...] = ()  # of 四特: children nobody has seen yet, though the class has returned

    @property
    def is_complete(self) -> bool:
        """Whether it has returned, and every child was seen."""
        return self.returned_at is not None and not self.unseen

    @property
    def lines(self) -> int:
        """How many findings the return has; none is a word too."""
        return self.confirmed + self.found + self.changed + self.ended


@dataclass(frozen=True, slots=True)
class RoundView:
    """A period's round with the classes this actor follows; without an id it is not open yet."""

    id: int | None
    kind: CheckKind
    label: str  # of the term, or of the quarter
    due_at: datetime
    may_open: bool
    classes: tuple[ClassCheck, ...]

    @property
    def returned(self) -> int:
        """How many of the classes have returned."""
        return sum(found.returned_at is not None for found in self.classes)


@dataclass(frozen=True, slots=True)
class OwedChecks:
    """What a round under way asks of one person."""

    kind: CheckKind
    due_at: datetime
    since: datetime
    own: tuple[tuple[int, str], ...] = ()  # classes the person returns, by id and label
    missing: tuple[str, ...] = ()  # for the lead: every class that has not returned, or has not seen every child
    is_to_open: bool = False


@permitted(Permission.CHECK_OPEN)
def open_round(session: Session, actor: Actor, *, kind: CheckKind = CheckKind.CLASS_CHECK) -> int:
    """Open this term's round (E-02), or this quarter's (G-01); every class owes a return by the clause's day.

    Raises:
        NoTerm: no term is entered.
        RoundOpened: it is open already.
    """
    take_turn(session, Turn.SCHOOL)
    calendar = load_calendar(session)
    period = period_of(calendar, kind)
    found = CheckRound(
        term_id=period.term.id,
        kind=kind,
        quarter_from=period.quarter_from,
        due_day=period.due_day(calendar),
        opened_at=clock.now(),
        opened_by_id=actor.user_id,
    )
    if _round_of(session, period) is not None:
        raise RoundOpened
    session.add(found)
    try:
        session.flush()
    except IntegrityError:  # opened by another process since it was looked up
        raise RoundOpened from None
    audit.record(session, actor, audit.Action.CHECK_OPENED, target=found, kind=kind.value)
    return found.id or 0


@permitted(Permission.CHECK_RETURN)
def find_round(session: Session, actor: Actor, *, kind: CheckKind = CheckKind.CLASS_CHECK) -> RoundView:
    """Return the round under way with the classes the actor follows: all, or the own; six statements.

    Raises:
        NoTerm: no term is entered.
    """
    calendar = load_calendar(session)
    period = period_of(calendar, kind)
    found = _round_of(session, period)
    due_at = clock.at_school(found.due_day if found else period.due_day(calendar), END_OF_SCHOOL_DAY)
    rows = session.execute(_classes(actor, period).order_by("grade", "number")).all()
    counts = _counts(session, found.id) if found else {}
    unseen = _unseen_of(session, period, [row.class_id for row in rows]) if found else {}
    now = clock.now()
    return RoundView(
        id=found.id if found else None,
        kind=kind,
        label=period.label,
        due_at=due_at,
        may_open=found is None and clock.today() >= period.first_day and allows(actor, Permission.CHECK_OPEN),
        classes=tuple(
            _class_check(row, due_at=due_at, now=now, counts=counts, unseen=unseen.get(row.class_id, ()))
            for row in rows
        ),
    )


CHECK_LINES = frozenset(kind.value for kind in CheckKind)
"""What its rows are told apart by from what others ask in the same statement."""


def periods_owed(actor: Actor, calendar: SchoolCalendar) -> tuple[Period, ...]:
    """Return the periods whose rounds may ask something of this person: of this term and this quarter, or none."""
    if not allows(actor, Permission.CHECK_RETURN) or not actor.has_role(Role.LEAD, Role.HOMEROOM):
        return ()
    periods = (period_of(calendar, kind) for kind in CheckKind) if calendar.terms else ()
    return tuple(period for period in periods if clock.today() >= period.first_day)


def owed_parts(actor: Actor, periods: Iterable[Period]) -> list[Any]:
    """Return what home asks about the rounds of these periods, in asking_together's shape.

    Of every class of the actor with something missing: the class, its grade and number, whether it is the own one,
    the round's day and when it was opened, if it is, and when the school was set up.
    """
    return [_missing(actor, period) for period in periods]


def owed_of(actor: Actor, rows: Sequence[Fact], periods: Iterable[Period]) -> list[OwedChecks]:
    """Return what the rounds of these periods ask of the actor.

    Half a class check is not owed any more once it is returned; of 四特 every child is to be seen.
    """
    classes = sorted(rows, key=lambda row: (row.first or 0, row.second or 0, row.id or 0))
    found = (_owed(period, [row for row in classes if row.about == period.kind], actor) for period in periods)
    return [each for each in found if each is not None]


def _missing(actor: Actor, period: Period) -> Any:  # a select
    set_up_at = select(SystemFact.value).where(SystemFact.name == setup.CLAIMED).scalar_subquery()
    missing = asked(
        period.kind.value,
        of_id=col(SchoolClass.id),
        first=col(SchoolClass.grade),
        second=col(SchoolClass.number),
        third=case((_own_class(actor), 1), else_=0),
        day=col(CheckRound.due_day),
        at=col(CheckRound.opened_at),
        beside=set_up_at,
    )
    is_missing: ColumnElement[bool] = col(CheckReturn.returned_at).is_(None)
    if period.quarter_from is not None:
        # Asked once for all classes: class by class, every child of the school would be looked up.
        is_missing = or_(is_missing, col(SchoolClass.id).in_(_unseen(period).correlate(None)))
    return _in_period(missing.select_from(SchoolClass), actor, period).where(is_missing)


def _owed(period: Period, missing: Sequence[Fact], actor: Actor) -> OwedChecks | None:
    is_lead = actor.has_role(Role.LEAD)
    if not missing:
        return None
    due_day, opened_at, set_up_at = missing[0].day, missing[0].at, missing[0].beside
    if due_day is None or opened_at is None:
        if not is_lead:
            return None
        since = clock.at_school(period.first_day, time(8))
        since = max(since, datetime.fromisoformat(set_up_at)) if set_up_at else since  # nobody waited for it before
        return OwedChecks(period.kind, since, since, is_to_open=True)
    labels = [(row.id or 0, class_label(row.first or 0, row.second or 0), row.third) for row in missing]
    own = tuple((class_id, label) for class_id, label, is_own in labels if is_own)
    others = tuple(label for _, label, _ in labels) if is_lead else ()
    if not own and not others:
        return None
    due_at = clock.at_school(due_day, END_OF_SCHOOL_DAY)
    return OwedChecks(period.kind, due_at=due_at, since=opened_at, own=own, missing=others)


def _round_of(session: Session, period: Period) -> CheckRound | None:
    """Return a period's round, if it is open."""
    return session.exec(select(CheckRound).where(period.is_of_round)).first()


def _own_class(actor: Actor) -> ColumnElement[bool]:
    return col(SchoolClass.id).in_(classes_of(actor))


def _classes(actor: Actor, period: Period) -> Any:  # a select
    """Return the query of the classes that have children, with teacher, the period's round and the current return."""
    pupils = select(func.count()).select_from(ClassMembership).where(_is_in_it()).scalar_subquery()
    teacher, returner = AppUser.__table__.alias("teacher"), AppUser.__table__.alias("returner")  # type: ignore[attr-defined]
    classes = (
        select(  # type: ignore[call-overload]  # more columns than the stubs know
            col(SchoolClass.id).label("class_id"),
            col(SchoolClass.grade),
            col(SchoolClass.number),
            teacher.c.display_name.label("homeroom_name"),
            pupils.label("pupils"),
            col(CheckReturn.id).label("return_id"),
            col(CheckReturn.returned_at),
            col(CheckReturn.revision),
            returner.c.display_name.label("returned_by"),
        )
        .select_from(SchoolClass)
        .join(ClassTeacher, teaches_as_homeroom(), isouter=True)
        .join(teacher, teacher.c.id == ClassTeacher.user_id, isouter=True)
    )
    return _in_period(classes, actor, period).join(returner, returner.c.id == CheckReturn.returned_by_id, isouter=True)


def _in_period(classes: Any, actor: Actor, period: Period) -> Any:  # selects
    """Return a query of classes as that of those the actor follows and that have children, with round and return."""
    all_classes = writes_students(actor, Permission.CHECK_RETURN).is_everything
    return (
        classes.join(CheckRound, period.is_of_round, isouter=True)
        .join(CheckReturn, _is_current_return(col(SchoolClass.id)), isouter=True)
        .where(
            SchoolClass.school_year == period.term.school_year,
            select(ClassMembership.id).where(_is_in_it()).exists(),
            true() if all_classes else _own_class(actor),
        )
    )


def _is_in_it() -> ColumnElement[bool]:
    return and_(col(ClassMembership.class_id) == col(SchoolClass.id), col(ClassMembership.to_day).is_(None))


def _unseen(period: Period) -> Any:  # a select
    """Return the query of the returned classes with a child whom nobody has seen in this period, once for each child.

    Who was registered only after the class had returned was seen by whoever registered it.
    """
    seen, said_in, child = aliased(CheckFinding), aliased(CheckReturn), aliased(Student)
    was_seen = (
        select(col(seen.id))
        .join(said_in, col(said_in.id) == col(seen.return_id))
        .where(
            seen.category_id == StudentCategory.id,
            seen.result != CheckResult.NOT_SEEN,
            col(said_in.replaced_at).is_(None),
            said_in.round_id == CheckReturn.round_id,
        )
        .correlate(StudentCategory, CheckReturn)
    )
    state = select(child.state).where(child.id == ClassMembership.student_id).correlate(ClassMembership)
    return (
        select(ClassMembership.class_id)
        .select_from(StudentCategory)
        .join(ClassMembership, col(ClassMembership.student_id) == col(StudentCategory.student_id))
        .join(CheckRound, period.is_of_round)
        # Wrapped: else SQLite goes from the returns to every child of the school.
        .join(CheckReturn, _is_current_return(func.coalesce(ClassMembership.class_id, 0)))
        .where(
            col(ClassMembership.to_day).is_(None),
            col(StudentCategory.to_day).is_(None),
            col(StudentCategory.kind).in_(COVERED[period.kind]),
            col(StudentCategory.recorded_at) <= col(CheckReturn.returned_at),
            # In this order: a child's row is long, and few are left when all others were seen.
            case((was_seen.exists(), 0), (state.scalar_subquery().in_(LEFT_SCHOOL), 0), else_=1) == 1,
        )
    )


def _unseen_of(session: Session, period: Period, class_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return by class the names of the children nobody has seen; of a check of everybody, none are named."""
    if period.quarter_from is None:
        return {}
    rows = session.execute(
        _unseen(period)
        .add_columns(col(Student.name))
        .join(Student, col(Student.id) == col(ClassMembership.student_id))
        .where(col(ClassMembership.class_id).in_(class_ids))
        .order_by(col(Student.name_order), col(Student.id))
    ).all()
    found: dict[int, dict[str, None]] = {}
    for class_id, name in rows:
        found.setdefault(class_id, {})[name] = None
    return {class_id: tuple(names) for class_id, names in found.items()}


def _is_current_return(class_id: Any) -> ColumnElement[bool]:  # a column
    return and_(
        col(CheckReturn.class_id) == class_id,
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


def _class_check(
    row: Any,
    *,
    due_at: datetime,
    now: datetime,
    counts: dict[int, dict[CheckResult, int]],
    unseen: tuple[str, ...],
) -> ClassCheck:
    results = counts.get(row.return_id, {})
    return ClassCheck(
        class_id=row.class_id,
        label=class_label(row.grade, row.number),
        homeroom_name=row.homeroom_name,
        pupils=row.pupils,
        state=state_at(due_at=due_at, done_at=None if unseen else row.returned_at, now=now),
        returned_at=row.returned_at,
        returned_by=row.returned_by,
        revision=row.revision or 0,
        found=results.get(CheckResult.FOUND, 0),
        changed=results.get(CheckResult.CHANGED, 0),
        ended=results.get(CheckResult.ENDED, 0),
        confirmed=results.get(CheckResult.UNCHANGED, 0),
        unseen=unseen,
    )
