"""What tiers ask of somebody on home: looking at one again, answering a lowering, deciding a suggestion (F-04)."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import case
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

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
    WarningGroup,
)
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.asking_together import Fact, asked
from services.calendar import END_OF_SCHOOL_DAY, SchoolCalendar
from services.classes import known_class
from services.duties import Duty, DutyGroup, DutyKind, group_of
from services.regulations import deadlines
from services.screening.results import is_talked_about
from services.second_answers import is_head, second_people
from services.students import GONE_FOR_GOOD, LEFT_SCHOOL, is_in_class
from services.tier_kinds import review_parameter
from services.tier_news import may_be_told, news_for
from services.tier_requests import may_be_asked
from services.tier_rows import is_owed_by, key_rank, key_since, raised_today

NOTICE = timedelta(days=2)
"""So long before it is due a child's tier stands on home."""

_REVIEW, _ANSWER, _SUGGESTED = DutyKind.REVIEW_TIER, DutyKind.ANSWER_TIER, DutyKind.DECIDE_TIER
_GROUP, _END, _NEWS = DutyKind.FOUND_GROUP, DutyKind.END_GROUP, DutyKind.GRAVEST_TIER
RANK, _MORNING = "tier_rank", time(8)
TIER_LINES = frozenset({_REVIEW, _ANSWER, _SUGGESTED, _GROUP, _END, _NEWS, RANK})
"""What its rows are told apart by from what others ask in the same statement."""


def tier_parts(actor: Actor, shortest_review: int) -> list[Any]:
    """Return what home asks about tiers for this person, in asking_together's shape; nothing for whom nothing can be.

    Of every row: the child or the request, the child's name, grade and class, the day, the rank, and who it is of.
    """
    news = [_gravest(actor)] if may_be_told(actor) else []
    if not allows(actor, Permission.TIER_AGREE):
        return news
    parts = [_waiting(actor), *news]
    if allows(actor, Permission.TIER_WRITE):
        parts += [_ranks(), _reviews(actor, shortest_review), _suggested(actor), _without_group(actor), _to_end(actor)]
    return parts


def of_tiers(
    session: Session, actor: Actor, rows: Sequence[Fact], *, calendar: SchoolCalendar, now: datetime
) -> Iterator[Duty]:
    """Yield what tiers ask of this person, without a word of them: home may be read over a shoulder.

    Further statements only where a lowering waits for somebody who may be this person.
    """
    offered = [row.first or 0 for row in rows if row.about == RANK and row.second]
    askers = {row.fourth for row in rows if row.about == _ANSWER}
    answered = _askers_answered(session, actor, askers) if askers else askers
    for row in rows:
        if row.about == _REVIEW:
            yield from _review(actor, row, offered, calendar=calendar, now=now)
        elif row.about == _GROUP and row.day is not None:
            due_at = deadlines.warning_group_due(key_since=row.day, calendar=calendar)
            yield _due(actor, _GROUP, row, due_at, now=now)
        elif row.about == _NEWS:
            yield replace(_waits_for_me(_NEWS, row), is_first=True, owner_name=row.beside)
        elif row.about in {_SUGGESTED, _END}:
            yield _waits_for_me(DutyKind(row.about), row)
        elif row.about == _ANSWER and row.fourth in answered:
            yield _waits_for_me(_ANSWER, row)


def _askers_answered(session: Session, actor: Actor, askers: Set[int | None]) -> Set[int | None]:
    """Return those whose lowerings this person answers; none of them is the actor. No statement for a head."""
    if actor.has_role(Role.LEAD):
        return askers
    in_turn = [user_id for user_id, _ in second_people(session, actor, allowed=may_be_asked())]
    return {asker for asker in askers if next((each for each in in_turn if each != asker), None) == actor.user_id}


def _review(
    actor: Actor, row: Fact, offered: Sequence[int], *, calendar: SchoolCalendar, now: datetime
) -> Iterator[Duty]:
    name = review_parameter(row.third or 0, offered)
    if name is None or row.day is None:
        return
    due_on = row.day + timedelta(days=calendar.numbers.on(name, row.day))
    if due_on > clock.today() + NOTICE:
        return
    yield _due(actor, _REVIEW, row, clock.at_school(due_on, END_OF_SCHOOL_DAY), now=now)


def _due(actor: Actor, kind: DutyKind, row: Fact, due_at: datetime, *, now: datetime) -> Duty:
    return Duty(
        kind,
        group_of(due_at, now=now),
        due_at=due_at,
        child=row.label,
        class_label=known_class(row.first, row.second),
        is_mine=row.fourth == actor.user_id,
        target_id=row.id,
    )


def _waits_for_me(kind: DutyKind, row: Fact) -> Duty:
    since = clock.at_school(row.day, _MORNING) if row.day else None
    label = known_class(row.first, row.second)
    return Duty(kind, DutyGroup.WAITING, since=since, child=row.label, class_label=label, target_id=row.id)


def _about(kind: DutyKind, *, of_id: Any, day: Any, author_id: Any, rank: Any = None, name: Any = None) -> Any:
    return asked(
        kind.value,
        of_id=of_id,
        first=SchoolClass.grade,
        label=col(Student.name),
        second=SchoolClass.number,
        third=rank,
        fourth=author_id,
        day=day,
        beside=name,
    )


def _with_class(statement: Any) -> Any:
    return (
        statement.join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        # Wrapped, so that the few children who stand in a tier are gone through, not all there are.
        .where(func.coalesce(col(Student.merged_into_id).is_(None), False))
    )


def _ranks() -> Any:
    """The tiers themselves: their rank, and whether they are offered."""
    return asked(RANK, of_id=col(Tier.id), first=col(Tier.rank), second=case((col(Tier.is_offered), 1), else_=0))


def _reviews(actor: Actor, least_days: int) -> Any:
    held = raised_today(name="held_due")
    rows = _about(_REVIEW, of_id=col(Student.id), day=held.c.from_day, rank=held.c.rank, author_id=held.c.author_id)
    joined = rows.select_from(Student).join(held, held.c.student_id == Student.id)
    return _with_class(joined).where(
        held.c.from_day <= clock.today() - timedelta(days=least_days) + NOTICE,
        is_owed_by(actor, held.c.author_id),
        col(Student.state).not_in(LEFT_SCHOOL),
    )


def _without_group(actor: Actor) -> Any:
    """Key children around whom no group stands (G-07); owed by who put them there, since they became key children."""
    held = raised_today(name="held_key")
    since = key_since(col(Student.id))
    rows = _about(_GROUP, of_id=col(Student.id), day=since, author_id=held.c.author_id)
    joined = rows.select_from(Student).join(held, held.c.student_id == Student.id)
    standing = select(WarningGroup.student_id).where(col(WarningGroup.to_day).is_(None))
    return _with_class(joined).where(
        held.c.rank >= key_rank(),
        col(Student.id).not_in(standing),
        is_owed_by(actor, held.c.author_id),
        col(Student.state).not_in(LEFT_SCHOOL),
    )


def _to_end(actor: Actor) -> Any:
    """Groups around children that went for good, to be ended by who founded them; who stays away is followed on."""
    founder = col(WarningGroup.founded_by_id)
    rows = _about(_END, of_id=col(Student.id), day=col(Student.left_on), author_id=founder)
    joined = rows.select_from(WarningGroup).join(Student, col(Student.id) == col(WarningGroup.student_id))
    return _with_class(joined).where(
        col(WarningGroup.to_day).is_(None), col(Student.state).in_(GONE_FOR_GOOD), is_owed_by(actor, founder)
    )


def _waiting(actor: Actor) -> Any:
    """Lowerings that wait: the head's; where nobody but who asks is one, whoever gives the second yes."""
    rows = _about(_ANSWER, of_id=col(TierChange.id), day=col(TierChange.from_day), author_id=col(TierChange.author_id))
    other_head = select(AppUser.id).where(is_head(), col(AppUser.id) != col(TierChange.author_id))
    joined = rows.select_from(TierChange).join(Student, col(Student.id) == col(TierChange.student_id))
    waits = _with_class(joined).where(TierChange.state == TierState.WAITING, col(TierChange.author_id) != actor.user_id)
    return waits if actor.has_role(Role.LEAD) else waits.where(~other_head.correlate(TierChange).exists())


def _gravest(actor: Actor) -> Any:
    """Children whom a colleague put into the gravest tier, until this person has read their archives."""
    author = aliased(AppUser)
    rows = _about(
        _NEWS, of_id=col(Student.id), day=col(TierChange.from_day), author_id=col(TierChange.author_id),
        name=col(author.display_name),
    )  # fmt: skip
    joined = (
        rows.select_from(TierChange)
        .join(Student, col(Student.id) == col(TierChange.student_id))
        .join(author, col(author.id) == col(TierChange.author_id), isouter=True)
    )
    return _with_class(joined).where(news_for(actor))


def _suggested(actor: Actor) -> Any:
    by = col(TierSuggestion.suggested_by_id)
    rows = _about(_SUGGESTED, of_id=col(Student.id), day=col(TierSuggestion.suggested_on), author_id=by)
    joined = rows.select_from(TierSuggestion).join(Student, col(Student.id) == col(TierSuggestion.student_id))
    return _with_class(joined).where(col(TierSuggestion.ended_at).is_(None), is_talked_about(), is_owed_by(actor, by))
