"""What closing asks on home: an answer, a look afterwards; and open cases nobody wrote anything of for too long."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select, union_all
from sqlmodel import Session, col, func

from db.tables import (
    AppUser,
    CareRecord,
    Case,
    CaseClosure,
    CaseConference,
    ClassMembership,
    ClosingState,
    MeasureNote,
    PlanMeasure,
    PlanVersion,
    Referral,
    Role,
    SchoolClass,
    Student,
    SupportPlan,
)
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.asking_together import Fact, asked
from services.calendar import END_OF_SCHOOL_DAY, SchoolCalendar
from services.classes import known_class
from services.closings import read_answerers
from services.duties import Duty, DutyGroup, DutyKind, group_of
from services.record_views import written_at_the_time
from services.row_filters import sees_cases, sees_students
from services.second_answers import Answerers, is_head
from services.students import is_in_class
from services.tier_duties import RANK
from services.tier_kinds import REVIEW_DAYS, review_parameter
from services.tier_rows import can_no_more, rank_today
from services.time_line.parts import LocalDay

_ANSWER, _FOLLOW, _STALLED = DutyKind.CLOSING_ANSWER, DutyKind.CLOSED_FOLLOW_UP, DutyKind.CASE_STALLED
CLOSING_LINES = frozenset({_ANSWER, _FOLLOW, _STALLED})
"""What its rows are told apart by from what others ask in the same statement."""
CLASS: dict[str, Any] = {"first": SchoolClass.grade, "second": SchoolClass.number}
"""Where a row of a child has its class."""


def closing_parts(actor: Actor, shortest_review: int) -> list[Any]:
    """Return what home asks about closing and stalled cases for this person, in asking_together's shape."""
    parts = []
    if allows(actor, Permission.CASE_CLOSE):
        parts.append(_waiting(actor))
    if allows(actor, Permission.CASE_READ):
        parts += [_to_follow(actor), _stalled(actor, clock.today() - timedelta(days=shortest_review))]
    return parts


def of_closings(
    session: Session, actor: Actor, rows: Sequence[Fact], *, calendar: SchoolCalendar, now: datetime
) -> Iterator[Duty]:
    """Yield what they ask of this person, without a word of them; further statements only where a yes waits."""
    offered = [row.first or 0 for row in rows if row.about == RANK and row.second]
    answerers: dict[bool, Answerers] = {}  # of cases that are marked, and of the others
    for row in rows:
        if row.about == _ANSWER and _is_asked(session, actor, row, answerers):
            yield Duty(_ANSWER, DutyGroup.WAITING, since=_morning(row.day), child=row.label or None,
                       class_label=known_class(row.first, row.second), target_id=row.id)  # fmt: skip
        elif row.about == _FOLLOW and row.day is not None:
            yield _due(actor, _FOLLOW, row, row.day, now=now)
        elif row.about == _STALLED and row.day is not None:
            due_on = stalls_on(row.day, row.third, offered, calendar)
            if due_on < clock.today():
                yield _due(actor, _STALLED, row, due_on, now=now, since=_morning(row.day))


def stalls_on(last_on: date, rank: int | None, offered_ranks: Sequence[int], calendar: SchoolCalendar) -> date:
    """Return the last day by which a case wants a record again: as often as its child's tier is looked at (table Z).

    The ordinary tier has no such day of its own; a case under way then takes the longest of them.
    """
    name = review_parameter(rank or 0, offered_ranks) or REVIEW_DAYS[2]
    return last_on + timedelta(days=calendar.numbers.on(name, last_on))


def _due(
    actor: Actor, kind: DutyKind, row: Fact, due_on: date, *, now: datetime, since: datetime | None = None
) -> Duty:
    due_at = clock.at_school(due_on, END_OF_SCHOOL_DAY)
    return Duty(
        kind,
        group_of(due_at, now=now),
        due_at=due_at,
        since=since,
        child=row.label,
        class_label=known_class(row.first, row.second),
        is_mine=row.fourth == actor.user_id,
        target_id=row.id,
    )


def _morning(day: date | None) -> datetime | None:
    return clock.at_school(day, END_OF_SCHOOL_DAY) if day else None


def _is_asked(session: Session, actor: Actor, row: Fact, known: dict[bool, Answerers]) -> bool:
    """Say whether a request of somebody else waits for this person: every other head is asked, see `who_answers`."""
    if actor.has_role(Role.LEAD):
        return True
    is_protected = bool(row.third)
    if is_protected not in known:
        known[is_protected] = read_answerers(session, actor, is_protected=is_protected)
    return actor.user_id in dict(known[is_protected].of(row.fourth))


def _waiting(actor: Actor) -> Any:
    """Requests of others that wait: the head's; another leader's where nobody but who asks is one."""
    may_name = func.coalesce(or_(sees_cases(actor), sees_students(actor)), False)
    rows = asked(
        _ANSWER, of_id=col(CaseClosure.id), label=case((may_name, col(Student.name)), else_=""),
        first=case((may_name, col(SchoolClass.grade))), second=case((may_name, col(SchoolClass.number))),
        third=case((col(Referral.is_suspected_abuse), 1), else_=0),
        fourth=col(CaseClosure.asked_by_id), day=LocalDay(col(CaseClosure.asked_at)),
    )  # fmt: skip
    other_head = select(col(AppUser.id)).where(is_head(), col(AppUser.id) != col(CaseClosure.asked_by_id))
    waits = (
        rows.select_from(CaseClosure)
        .join(Case, col(Case.id) == col(CaseClosure.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(Student, col(Student.id) == col(Case.student_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(CaseClosure.state == ClosingState.WAITING, CaseClosure.asked_by_id != actor.user_id)
    )
    return waits if actor.has_role(Role.LEAD) else waits.where(~other_head.correlate(CaseClosure).exists())


def _to_follow(actor: Actor) -> Any:
    rows = asked(
        _FOLLOW, of_id=col(Case.id), label=col(Student.name), **CLASS, fourth=col(Case.owner_id),
        day=col(CaseClosure.follow_up_on),
    )  # fmt: skip
    return (
        rows.select_from(CaseClosure)
        .join(Case, col(Case.id) == col(CaseClosure.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(Student, col(Student.id) == col(Case.student_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(
            CaseClosure.state == ClosingState.AGREED,
            col(CaseClosure.follow_up_on) <= clock.today(),
            col(CaseClosure.followed_on).is_(None),
            col(CaseClosure.reopened_at).is_(None),
            answers_for(actor),
            sees_cases(actor),
        )
    )


def _stalled(actor: Actor, latest: date) -> Any:
    """Open cases of this person with nothing written down after a day: no record, note, conference, plan."""
    own: tuple[ColumnElement[bool], ...] = (col(Case.closed_at).is_(None), answers_for(actor))
    record = and_(
        col(CareRecord.student_id) == col(Case.student_id), col(CareRecord.is_done),
        col(CareRecord.withdrawn_at).is_(None), written_at_the_time(),
    )  # fmt: skip
    of_plan = select(col(Case.id)).join(SupportPlan, col(SupportPlan.case_id) == col(Case.id))
    signs = union_all(
        select(col(Case.id).label("case_id"), LocalDay(col(Case.opened_at)).label("day")).where(*own),
        select(col(Case.id), func.max(col(CareRecord.day))).join(CareRecord, record).where(*own).group_by(col(Case.id)),
        select(col(Case.id), LocalDay(col(CaseConference.held_at)))
        .join(CaseConference, col(CaseConference.case_id) == col(Case.id))
        .where(col(CaseConference.held_at).is_not(None), *own),
        select(col(Case.id), LocalDay(col(CaseClosure.reopened_at)))
        .join(CaseClosure, col(CaseClosure.case_id) == col(Case.id))
        .where(col(CaseClosure.reopened_at).is_not(None), *own),
        of_plan.add_columns(LocalDay(col(PlanVersion.in_force_at)))
        .join(PlanVersion, col(PlanVersion.plan_id) == col(SupportPlan.id))
        .where(col(PlanVersion.in_force_at).is_not(None), *own),
        of_plan.add_columns(col(MeasureNote.day))
        .join(PlanMeasure, col(PlanMeasure.plan_id) == col(SupportPlan.id))
        .join(MeasureNote, col(MeasureNote.measure_id) == col(PlanMeasure.id))
        .where(*own),
    ).subquery()
    last: Any = (
        select(signs.c.case_id, func.max(signs.c.day).label("day"))
        .group_by(signs.c.case_id)
        .having(func.max(signs.c.day) < latest)
        .subquery()
    )
    rows = asked(
        _STALLED, of_id=col(Case.id), label=col(Student.name), **CLASS, third=rank_today(col(Case.student_id)),
        fourth=col(Case.owner_id), day=last.c.day,
    )  # fmt: skip
    return (
        rows.select_from(last)
        .join(Case, col(Case.id) == last.c.case_id)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(Student, col(Student.id) == col(Case.student_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(sees_cases(actor))
    )


def answers_for(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on cases that are this person's; the head's too, where the owner is gone."""
    own: ColumnElement[bool] = col(Case.owner_id) == actor.user_id
    if actor.has_role(Role.LEAD):
        own = or_(own, can_no_more(col(Case.owner_id), Permission.CASE_READ))
    return own
