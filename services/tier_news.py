"""Who is told that a child was put into the gravest tier, and until when: until they have read its archive (F-04)."""

from datetime import time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.tables import AuditEvent, Case, ClassMembership, Role, Student, Tier, TierChange
from services import audit, clock
from services.access import Permission, allows
from services.actors import Actor
from services.row_filters import classes_of, is_or_stands_in
from services.students import GONE_FOR_GOOD, is_in_class

NEWS_FOR = timedelta(days=30)
"""So long after it was written down it is told; by then the tier was due to be looked at again."""


def news_for(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on TierChange, joined with its Student and ClassMembership: what this person is to be told.

    A colleague put the child into the gravest tier, where it still stands, and this person hasn't read its archive
    since: a head of the care room, who has a case of the child, who leads its class, and who stands in for them.
    """
    return and_(
        col(TierChange.tier_id) == _gravest(),
        col(TierChange.number).is_not(None),
        col(TierChange.from_day) <= clock.today(),
        col(TierChange.recorded_at) >= clock.at_school(clock.today() - NEWS_FOR, time(0)),
        func.coalesce(col(TierChange.author_id), 0) != actor.user_id,
        not_(_stood_in_it_before()),
        not_(_left_it_since()),
        col(Student.state).not_in(GONE_FOR_GOOD),
        _concerns(actor),
        not_(_was_read(actor)),
    )


def is_news(session: Session, actor: Actor, *, student_id: int) -> bool:
    """Say whether this child's gravest tier is news to the actor."""
    if not may_be_told(actor):
        return False
    asked = (
        select(TierChange.id)
        .join(Student, col(Student.id) == col(TierChange.student_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .where(TierChange.student_id == student_id, news_for(actor))
    )
    return session.exec(asked).first() is not None


def may_be_told(actor: Actor) -> bool:
    """Say whether this person opens archives at all."""
    return allows(actor, Permission.ARCHIVE_READ)


def _gravest() -> Any:  # a scalar subquery
    return (
        select(col(Tier.id))
        .where(col(Tier.is_offered), col(Tier.rank) > 0)
        .order_by(col(Tier.rank).desc())
        .limit(1)
        .scalar_subquery()
    )


def _stood_in_it_before() -> ColumnElement[bool]:
    before = aliased(TierChange)
    return _of_same_child(
        before,
        col(before.number) == col(TierChange.number) - 1,
        col(before.tier_id) == col(TierChange.tier_id),
    )


def _left_it_since() -> ColumnElement[bool]:
    later = aliased(TierChange)
    return _of_same_child(
        later,
        col(later.number) > col(TierChange.number),
        col(later.from_day) <= clock.today(),
        col(later.tier_id) != col(TierChange.tier_id),
    )


def _of_same_child(other: type[TierChange], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    found = select(other.id).where(col(other.student_id) == col(TierChange.student_id), *conditions)
    return found.correlate(TierChange).exists()


def _concerns(actor: Actor) -> ColumnElement[bool]:
    if actor.has_role(Role.LEAD):
        return true()
    if actor.user_id is None:
        return false()
    own_case = select(Case.id).where(
        col(Case.student_id) == col(TierChange.student_id),
        col(Case.closed_at).is_(None),
        is_or_stands_in(actor, col(Case.owner_id)),
    )
    return or_(own_case.correlate(TierChange).exists(), col(ClassMembership.class_id).in_(classes_of(actor)))


def _was_read(actor: Actor) -> ColumnElement[bool]:
    return (
        select(AuditEvent.seq)
        .where(
            AuditEvent.action == audit.Action.ARCHIVE_READ.value,
            AuditEvent.actor_id == actor.user_id,
            col(AuditEvent.student_id) == col(TierChange.student_id),
            col(AuditEvent.at) >= col(TierChange.recorded_at),
        )
        .correlate(TierChange)
        .exists()
    )
