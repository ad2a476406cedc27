"""Which tier each child holds on a day: the one place that knows, as SQL (F-04)."""

from collections.abc import Set
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func
from sqlmodel import select as select_rows

from db.tables import AppUser, Case, Role, RoleGrant, Student, Tier, TierChange
from services import clock
from services.access import HOLDERS, Permission
from services.actors import Actor
from services.tier_kinds import UPPER


def held_on(day: date, *, name: str = "held") -> Any:  # a subquery whose columns have no common public type
    """Return the tier every child holds at the end of a day, a row a child; none of who was never put into one.

    Columns: student_id, change_id, number, tier_id, rank, from_day (when it was last looked at), author_id.
    """
    last = (
        select(col(TierChange.student_id), func.max(col(TierChange.number)).label("number"))
        .where(col(TierChange.number).is_not(None), col(TierChange.from_day) <= day)
        .group_by(col(TierChange.student_id))
        .subquery(f"{name}_last")
    )
    # Else SQLite takes the unique index, which leads to the rows and their sealed words; the other one holds it all.
    is_last = func.coalesce(col(TierChange.number), 0) == last.c.number
    return (
        select(*_columns())
        .join(last, and_(last.c.student_id == TierChange.student_id, is_last))
        .join(Tier, col(Tier.id) == col(TierChange.tier_id))
        .subquery(name)
    )


def _columns() -> list[Any]:
    return [
        col(TierChange.student_id),
        col(TierChange.id).label("change_id"),
        col(TierChange.number),
        col(TierChange.tier_id),
        col(Tier.rank),
        col(TierChange.from_day),
        col(TierChange.author_id),
    ]


def raised_today(*, name: str = "raised") -> Any:  # as `held_on`
    """Return the tier of every child that stands above the ordinary one now: few of many, found by their tiers."""
    later = aliased(TierChange)
    newer = select(col(later.id)).where(
        col(later.student_id) == col(TierChange.student_id),
        col(later.number) > col(TierChange.number),
        col(later.from_day) <= clock.today(),
    )
    return (
        select(*_columns())
        .join(Tier, col(Tier.id) == col(TierChange.tier_id))
        .where(
            col(TierChange.tier_id).in_(select(col(Tier.id)).where(col(Tier.rank) > 0)),  # first, by its index
            col(TierChange.number).is_not(None),
            col(TierChange.from_day) <= clock.today(),
            ~newer.correlate(TierChange).exists(),
        )
        .subquery(name)
    )


def rank_today(student_id: Any) -> Any:  # a column of Case or Student; a scalar subquery
    """Return the rank of the tier one child holds now, for a query of few of them; empty where it was put into none."""
    return (
        select(col(Tier.rank))
        .join(TierChange, col(TierChange.tier_id) == col(Tier.id))
        .where(
            col(TierChange.student_id) == student_id,
            col(TierChange.number).is_not(None),
            col(TierChange.from_day) <= clock.today(),
        )
        .order_by(col(TierChange.number).desc())
        .limit(1)
        .correlate(Case, Student)
        .scalar_subquery()
    )


def held_by_child(student_id: Any) -> tuple[Any, ColumnElement[bool]]:  # a column; tables have no common public type
    """Return the change that put a child into the tier it holds now, and what it is joined by: for few children.

    Where a whole school is asked about, `held_today` is faster.
    """
    held, last = aliased(TierChange), aliased(TierChange)
    number = (
        select(func.max(col(last.number)))
        .where(col(last.student_id) == student_id, col(last.number).is_not(None), col(last.from_day) <= clock.today())
        .correlate(Student)
        .scalar_subquery()
    )
    return held, and_(col(held.student_id) == student_id, col(held.number) == number)


def held_today(*, name: str = "held") -> Any:  # as `held_on`
    """Return the tier every child holds now."""
    return held_on(clock.today(), name=name)


def stood_gravest(student_id: Any) -> ColumnElement[bool]:  # a column
    """Return whether a child ever stood in the gravest tier there is now: its records are kept longest (S-01)."""
    gravest = select_rows(func.max(Tier.rank)).where(Tier.is_offered).scalar_subquery()
    return (
        select_rows(TierChange.id)
        .join(Tier, col(Tier.id) == col(TierChange.tier_id))
        .where(TierChange.student_id == student_id, col(TierChange.number).is_not(None), col(Tier.rank) >= gravest)
        .exists()
    )


def key_rank() -> Any:  # a scalar subquery
    """Return the rank from which a child is a key child, as TierOrder.key_rank says it: the upper two."""
    upper = select(col(Tier.rank)).where(col(Tier.is_offered), col(Tier.rank) > 0).order_by(col(Tier.rank).desc())
    upper_two = upper.limit(UPPER).subquery("upper_tiers")
    return select(func.coalesce(func.min(upper_two.c.rank), 1)).scalar_subquery()


def key_since(student_id: Any) -> Any:  # a column; a scalar subquery
    """Return since when a child has been a key child without a break: the first change after the last lighter one."""
    lighter, change, tier = aliased(TierChange), aliased(TierChange), aliased(Tier)
    last_lighter = (
        select(func.max(col(lighter.number)))
        .join(tier, col(tier.id) == col(lighter.tier_id))
        .where(col(lighter.student_id) == student_id, col(tier.rank) < key_rank())
        .correlate(Student)
        .scalar_subquery()
    )
    return (
        select(func.min(col(change.from_day)))
        .where(col(change.student_id) == student_id, col(change.number) > func.coalesce(last_lighter, 0))
        .correlate(Student)
        .scalar_subquery()
    )


def last_standing(session: Session, student_id: int) -> TierChange | None:
    """Return the last change of a child's tier that counts."""
    return session.exec(
        select_rows(TierChange)
        .where(TierChange.student_id == student_id, col(TierChange.number).is_not(None))
        .order_by(col(TierChange.number).desc())
        .limit(1)
    ).first()


def waiting_request(session: Session, student_id: int) -> TierChange | None:
    """Return the lowering of a child's tier that waits for a second person."""
    from_child = select_rows(TierChange).where(TierChange.student_id == student_id)
    return session.exec(from_child.where(*_waits())).first()


def _waits() -> tuple[ColumnElement[bool], ...]:
    return (col(TierChange.decided_at).is_(None), col(TierChange.number).is_(None))


def holds_one_of(user: Any, roles: Set[Role]) -> ColumnElement[bool]:  # a table, or an alias of it
    """Return the filter on accounts: in use, and of one of these roles."""
    holding = select_rows(RoleGrant.user_id).where(col(RoleGrant.role).in_(roles), col(RoleGrant.ended_at).is_(None))
    return and_(user.is_active, user.id.in_(holding))


def can_no_more(user_id: Any, permission: Permission) -> ColumnElement[bool]:  # a column
    """Return whether somebody's account was closed, or has no role any more that does this: it falls to another."""
    there = select_rows(AppUser.id).where(holds_one_of(AppUser, HOLDERS[permission]))
    found: ColumnElement[bool] = user_id.not_in(there)
    return found


def is_owed_by(actor: Actor, author_id: Any) -> ColumnElement[bool]:
    """Return whose it is to look at a tier again: who put the child there; the head's, where that one is gone.

    Of no mark and no case this depends (docs/decisions/0018).
    """
    own: ColumnElement[bool] = author_id == actor.user_id
    if not actor.has_role(Role.LEAD):
        return own
    return or_(own, author_id.is_(None), can_no_more(author_id, Permission.TIER_WRITE))
