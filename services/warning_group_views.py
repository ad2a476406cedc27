"""Warning groups as somebody may read them: all for the care room, for a member of staff those one sits in (G-07)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    ClassMembership,
    SchoolClass,
    Student,
    WarningGroup,
    WarningMember,
    WarningRole,
)
from services.access import Permission, Scope, Subject, allows, permitted, scopes_of
from services.account_lists import StaffName
from services.actors import Actor
from services.conference_people import people_to_ask
from services.errors import NotFound
from services.row_filters import sees_students, warning_groups_of
from services.students import GONE_FOR_GOOD, is_in_class, shown_class
from services.tier_kinds import TierKind, tier_order
from services.tier_rows import held_today
from services.warning_groups import REQUIRED


@dataclass(frozen=True, slots=True)
class Seat:
    """One member: staff by name; pupils and parents by name and phone."""

    id: int
    version: int
    role: WarningRole
    name: str
    user_id: int | None
    phone: str | None
    from_day: date
    is_closed: bool  # the account: nobody sits there any more


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group that stands: whose, in which tier the child is, who sits in it and who is missing."""

    id: int
    version: int
    student_id: int
    child: str
    class_label: str
    tier: TierKind | None
    is_key: bool  # else the reason for the group is gone
    from_day: date
    seats: tuple[Seat, ...]
    missing: tuple[WarningRole, ...]
    may_write: bool


@permitted(Permission.WARNING_READ)
def list_groups(session: Session, actor: Actor) -> tuple[GroupView, ...]:
    """Return the groups that stand and are this reader's to know, the gravest tiers first; three statements."""
    return _groups(session, actor, true())


@permitted(Permission.WARNING_READ)
def find_group(session: Session, actor: Actor, *, group_id: int) -> GroupView:
    """Return one group that stands.

    Raises:
        NotFound: there is none that this reader may know of.
    """
    found = _groups(session, actor, col(WarningGroup.id) == group_id)
    if not found:
        raise NotFound
    return found[0]


@permitted(Permission.WARNING_READ)
def find_group_of(session: Session, actor: Actor, *, student_id: int) -> GroupView | None:
    """Return the group of a child, if one stands that this reader may know of."""
    found = _groups(session, actor, col(WarningGroup.student_id) == student_id)
    return found[0] if found else None


@permitted(Permission.WARNING_WRITE)
def list_candidates(session: Session, actor: Actor) -> dict[int, StaffName]:
    """Return who of the staff may sit in a group, by id."""
    return people_to_ask(session, actor, is_suspected_abuse=False)


def _groups(session: Session, actor: Actor, which: ColumnElement[bool]) -> tuple[GroupView, ...]:
    order, held = tier_order(session), held_today()
    columns: list[Any] = [
        WarningGroup, Student.name, Student.state, SchoolClass.grade, SchoolClass.number, held.c.tier_id,
    ]  # fmt: skip
    rows = session.execute(
        select(*columns)
        .select_from(WarningGroup)
        .join(Student, col(Student.id) == col(WarningGroup.student_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(held, held.c.student_id == Student.id, isouter=True)
        .where(which, col(WarningGroup.to_day).is_(None), _is_known(actor))
        .order_by(held.c.rank.desc(), col(Student.name_order), col(WarningGroup.id))
    ).all()
    seats = _seats(session, [row[0].id or 0 for row in rows])
    found = []
    for group, name, state, grade, number, tier_id in rows:
        sitting = tuple(seat for group_id, seat in seats if group_id == group.id)
        tier, roles = order.of(tier_id), {seat.role for seat in sitting if not seat.is_closed}
        found.append(
            GroupView(
                id=group.id or 0,
                version=group.version,
                student_id=group.student_id,
                child=name,
                class_label=shown_class(grade, number, state),
                tier=tier,
                is_key=tier is not None and tier.rank >= order.key_rank and state not in GONE_FOR_GOOD,
                from_day=group.from_day,
                seats=sitting,
                missing=tuple(role for role in REQUIRED if role not in roles),
                may_write=allows(actor, Permission.WARNING_WRITE),
            )
        )
    return tuple(found)


def _is_known(actor: Actor) -> ColumnElement[bool]:
    """All for who knows of tiers with their reasons; else the groups one sits in, or stands in for somebody."""
    if Scope.ALL in scopes_of(actor, Subject.TIER):
        return sees_students(actor, Subject.TIER)
    return col(WarningGroup.id).in_(warning_groups_of(actor))


def _seats(session: Session, group_ids: Sequence[int]) -> list[tuple[int, Seat]]:
    member = aliased(AppUser)
    rows = session.execute(
        select(WarningMember, col(member.display_name), col(member.is_active))
        .join(member, col(member.id) == col(WarningMember.user_id), isouter=True)
        .where(col(WarningMember.group_id).in_(group_ids), col(WarningMember.to_day).is_(None))
        .order_by(col(WarningMember.id))
    ).all()
    found = [(row.group_id, _seat(row, name, is_active=is_active)) for row, name, is_active in rows]
    places = list(WarningRole)
    return sorted(found, key=lambda each: (each[0], places.index(each[1].role), each[1].id))


def _seat(row: WarningMember, name: str | None, *, is_active: bool | None) -> Seat:
    return Seat(
        id=row.id or 0,
        version=row.version,
        role=row.role,
        name=name or unseal(row, "name_sealed") or "",
        user_id=row.user_id,
        phone=unseal(row, "phone_sealed"),
        from_day=row.from_day,
        is_closed=is_active is False,
    )
