"""What tiers ask of somebody on home: looking at one again, answering a lowering, deciding a suggestion (F-04)."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Date, Integer, case, cast, literal, null, union_all
from sqlmodel import Session, col, select

from db.tables import (
    AppUser,
    ClassMembership,
    Role,
    SchoolClass,
    Student,
    Tier,
    TierChange,
    TierState,
    TierSuggestion,
)
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.calendar import END_OF_SCHOOL_DAY, SchoolCalendar
from services.classes import class_label
from services.duties import Duty, DutyGroup, DutyKind, group_of
from services.students import LEFT_SCHOOL, is_in_class
from services.tier_kinds import REVIEW_DAYS, review_parameter
from services.tier_requests import may_answer
from services.tier_rows import held_today, holds_one_of, is_owed_by

NOTICE = timedelta(days=2)
"""So long before it is due a child's tier stands on home."""

_REVIEW, _ANSWER, _SUGGESTED = DutyKind.REVIEW_TIER, DutyKind.ANSWER_TIER, DutyKind.DECIDE_TIER
_RANK, _MORNING = "rank", time(8)


def of_tiers(session: Session, actor: Actor, *, calendar: SchoolCalendar, now: datetime) -> Iterator[Duty]:
    """Yield what tiers ask of this person, without a word of them: home may be read over a shoulder.

    One statement, for it is on every page; more only where a lowering waits for somebody who may be this person.
    """
    days = [calendar.numbers.on(name, clock.today()) for name in REVIEW_DAYS]
    parts = [_waiting(actor)]
    if allows(actor, Permission.TIER_WRITE):
        parts += [_ranks(), _reviews(actor, min(days)), _suggested(actor)]
    rows = session.execute(union_all(*parts)).all()
    offered = [row.grade for row in rows if row.kind == _RANK and row.number]
    for row in rows:
        if row.kind == _REVIEW:
            yield from _review(actor, row, offered, calendar=calendar, now=now)
        elif row.kind == _SUGGESTED:
            yield _waits_for_me(_SUGGESTED, row)
        elif row.kind == _ANSWER and may_answer(session, actor, row.author_id):
            yield _waits_for_me(_ANSWER, row)


def _review(actor: Actor, row: Any, offered: list[int], *, calendar: SchoolCalendar, now: datetime) -> Iterator[Duty]:
    name = review_parameter(row.rank, offered)
    if name is None:
        return
    due_on = row.day + timedelta(days=calendar.numbers.on(name, row.day))
    if due_on > clock.today() + NOTICE:
        return
    due_at = clock.at_school(due_on, END_OF_SCHOOL_DAY)
    is_mine = row.author_id == actor.user_id
    group = group_of(due_at, now=now)
    yield Duty(
        _REVIEW, group, due_at=due_at, child=row.name, class_label=_class_of(row), is_mine=is_mine, target_id=row.id
    )


def _waits_for_me(kind: DutyKind, row: Any) -> Duty:
    since = clock.at_school(row.day, _MORNING)
    return Duty(kind, DutyGroup.WAITING, since=since, child=row.name, class_label=_class_of(row), target_id=row.id)


def _class_of(row: Any) -> str | None:
    return class_label(row.grade, row.number) if row.grade is not None else None


def _columns(kind: DutyKind, *, of_id: Any, day: Any, rank: Any, author_id: Any) -> list[Any]:
    return [
        literal(kind.value).label("kind"),
        of_id.label("id"),
        Student.name,
        SchoolClass.grade,
        SchoolClass.number,
        day.label("day"),
        rank.label("rank"),
        author_id.label("author_id"),
    ]


def _with_class(statement: Any) -> Any:
    return (
        statement.join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(col(Student.merged_into_id).is_(None))
    )


def _ranks() -> Any:
    """The tiers themselves, in the same shape: their rank, and whether they are offered."""
    return select(
        literal(_RANK).label("kind"),  # type: ignore[call-overload]  # more columns than the stubs know
        col(Tier.id),
        col(Tier.label).label("name"),
        col(Tier.rank).label("grade"),
        case((col(Tier.is_offered), 1), else_=0).label("number"),
        cast(null(), Date).label("day"),
        col(Tier.rank).label("rank"),
        cast(null(), Integer).label("author_id"),
    )


def _reviews(actor: Actor, least_days: int) -> Any:
    held = held_today(name="held_due")
    columns = _columns(
        _REVIEW, of_id=col(Student.id), day=held.c.from_day, rank=held.c.rank, author_id=held.c.author_id
    )
    joined = select(*columns).select_from(Student).join(held, held.c.student_id == Student.id)
    return _with_class(joined).where(
        held.c.rank > 0,
        held.c.from_day <= clock.today() - timedelta(days=least_days) + NOTICE,
        is_owed_by(actor, held.c.author_id),
        col(Student.state).not_in(LEFT_SCHOOL),
    )


def _waiting(actor: Actor) -> Any:
    """Lowerings that wait: the head's, unless a head asks; else whoever gives the second yes, asked one by one."""
    columns = _columns(
        _ANSWER, of_id=col(TierChange.id), day=col(TierChange.from_day), rank=cast(null(), Integer),
        author_id=col(TierChange.author_id),
    )  # fmt: skip
    by_head = col(TierChange.author_id).in_(select(AppUser.id).where(holds_one_of(AppUser, {Role.LEAD})))
    joined = select(*columns).select_from(TierChange).join(Student, col(Student.id) == col(TierChange.student_id))
    waits = _with_class(joined).where(TierChange.state == TierState.WAITING, col(TierChange.author_id) != actor.user_id)
    return waits if actor.has_role(Role.LEAD) else waits.where(by_head)


def _suggested(actor: Actor) -> Any:
    columns = _columns(
        _SUGGESTED, of_id=col(Student.id), day=col(TierSuggestion.suggested_on), rank=cast(null(), Integer),
        author_id=col(TierSuggestion.suggested_by_id),
    )  # fmt: skip
    joined = (
        select(*columns).select_from(TierSuggestion).join(Student, col(Student.id) == col(TierSuggestion.student_id))
    )
    return _with_class(joined).where(
        col(TierSuggestion.ended_at).is_(None), is_owed_by(actor, col(TierSuggestion.suggested_by_id))
    )
