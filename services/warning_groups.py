"""Early-warning working groups (预警干预小组): founding one for a key child, who sits in it, ending it (G-07).

A member of staff sees the child, and what the group tells, for as long as the group and the seat in it stand:
`row_filters.sees_students` says so. Pupils and parents are names with a phone, never accounts.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.sealing import seal
from db.tables import AppUser, Student, WarningGroup, WarningMember, WarningRole
from services import audit, clock
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.agreements import check_agreement
from services.conference_people import may_meet
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, FieldErrors, NotFound, Problem
from services.exchange.values import read_phones
from services.fields import SHORT, Checker
from services.row_filters import sees_students
from services.students import lock_named, lock_students
from services.tier_kinds import tier_order
from services.tier_rows import last_standing

REQUIRED: tuple[WarningRole, ...] = tuple(role for role in WarningRole if role is not WarningRole.OTHER)
"""The regulation's seven (G-07)."""
BY_NAME: Set[WarningRole] = frozenset({WarningRole.PEER_OFFICER, WarningRole.FRIEND, WarningRole.PARENT})
"""Pupils and parents, who are asked first and have no account."""
MOST_MEMBERS = 30
Row = TypeVar("Row", WarningGroup, WarningMember)


class GroupStands(DomainError):
    """The child has a group already."""


class NotKeyChild(DomainError):
    """The child stands in none of the upper two tiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberEntry:
    """One member as typed: somebody of the staff, or a name with a phone."""

    role: WarningRole | None = None
    user_id: int | None = None
    name: str | None = None
    phone: str | None = None
    was_asked: bool = False  # a pupil or parent agrees to sit in it
    agreed_with_id: int | None = None  # who of the care room's heads said yes to asking a parent, whoever's child it is


@permitted(Permission.WARNING_WRITE)
def found_group(session: Session, actor: Actor, *, student_id: int) -> int:
    """Set up the group of a key child from today on, and return its id.

    Raises:
        NotFound: there is no such child for this actor.
        NotKeyChild: the child stands in none of the upper two tiers.
        GroupStands: it has one.
    """
    lock_students(session, [student_id])
    seen = select(Student.id).where(Student.id == student_id, sees_students(actor, Subject.TIER))
    if session.exec(seen).first() is None:
        raise NotFound
    order, held = tier_order(session), last_standing(session, student_id)
    tier = order.of(held.tier_id) if held else None
    if tier is None or tier.rank < order.key_rank:
        raise NotKeyChild
    row = WarningGroup(
        student_id=student_id, from_day=clock.today(), founded_by_id=actor.user_id, recorded_at=clock.now()
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        raise GroupStands from None
    audit.record(session, actor, audit.Action.WARNING_FOUNDED, target=row, student_id=student_id)
    return row.id or 0


@permitted(Permission.WARNING_WRITE)
def add_member(session: Session, actor: Actor, *, group_id: int, entry: MemberEntry) -> int:
    """Let somebody sit in a group from today on, and return the seat's id.

    Raises:
        NotFound: there is no such group, or it has ended.
        FieldErrors: role or person is missing or can't be; a pupil or parent was not asked.
    """
    group = _locked(session, actor, group_id)
    check = Checker()
    name = check.text("name", entry.name, limit=SHORT)
    phone = _phone(check, entry.phone)
    _check(session, check, entry, name)
    agreed_with_id = (
        check_agreement(session, actor, check, agreed_with_id=entry.agreed_with_id)
        if entry.role is WarningRole.PARENT
        else None
    )
    seats = select(WarningMember.id).where(WarningMember.group_id == group_id, col(WarningMember.to_day).is_(None))
    if len(session.exec(seats).all()) >= MOST_MEMBERS:
        check.add("role", "too_many", limit=MOST_MEMBERS)
    check.finish()
    if entry.role is None:  # refused above; said again for the types
        raise NotFound
    row = WarningMember(
        group_id=group_id,
        role=entry.role,
        user_id=entry.user_id,
        from_day=clock.today(),
        recorded_at=clock.now(),
    )
    if entry.user_id is None:
        seal(row, "name_sealed", name)
        seal(row, "phone_sealed", phone)
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        raise FieldErrors({"user_id": Problem("already_member")}) from None
    audit.record(
        session, actor, audit.Action.WARNING_MEMBER_ADDED, target=row, student_id=group.student_id, kind=entry.role,
        user_id=entry.user_id, agreed_with_id=agreed_with_id,
    )  # fmt: skip
    return row.id or 0


@permitted(Permission.WARNING_WRITE)
def end_member(session: Session, actor: Actor, *, member_id: int, version: int) -> None:
    """Say that somebody sits in a group no longer, from now on; what the seat gave ends with it.

    Raises:
        NotFound: there is no such seat, or it has ended.
        EditedMeanwhile: somebody ended it since it was shown.
    """
    found = session.exec(select(WarningMember.group_id).where(WarningMember.id == member_id)).first()
    if found is None:
        raise NotFound
    group = _locked(session, actor, found)
    row = _lock(session, WarningMember, member_id, version)
    if row.to_day is not None:
        raise NotFound
    row.to_day = clock.today()
    session.add(row)
    session.flush()
    audit.record(
        session, actor, audit.Action.WARNING_MEMBER_ENDED, target=row, student_id=group.student_id, user_id=row.user_id
    )


@permitted(Permission.WARNING_WRITE)
def end_group(session: Session, actor: Actor, *, group_id: int, version: int) -> None:
    """End a group with every seat in it; who sat when stays on record.

    Raises:
        NotFound: there is no such group, or it has ended.
        EditedMeanwhile: somebody ended it since it was shown.
    """
    _locked(session, actor, group_id)
    group = _lock(session, WarningGroup, group_id, version)
    group.to_day = clock.today()
    session.add(group)
    seats = select(WarningMember).where(WarningMember.group_id == group_id, col(WarningMember.to_day).is_(None))
    for row in session.exec(seats).all():
        row.to_day, row.version = clock.today(), row.version + 1
        session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.WARNING_ENDED, target=group, student_id=group.student_id)


def _check(session: Session, check: Checker, entry: MemberEntry, name: str | None) -> None:
    """Who works here sits by account, a pupil or parent by name; who is neither, by either."""
    if entry.role is None:
        check.add("role", "choice_needed")
    is_by_name = entry.role in BY_NAME
    is_staff = entry.role is not None and not is_by_name and entry.role is not WarningRole.OTHER
    if entry.user_id is not None and name is not None:
        check.add("name", "one_of_both")
    elif is_by_name and entry.user_id is not None:
        check.add("user_id", "no_account")
    elif is_by_name and name is None:
        check.add("name", "required")
    elif entry.user_id is None and (is_staff or name is None):
        check.add("user_id", "required")
    if name is not None and not entry.was_asked:
        check.add("was_asked", "ask_first")
    able = select(AppUser.id).where(AppUser.id == entry.user_id, may_meet())
    if entry.user_id is not None and session.exec(able).first() is None:
        check.add("user_id", "unknown_choice")


def _phone(check: Checker, typed: str | None) -> str | None:
    text = check.text("phone", typed, limit=SHORT)
    found = read_phones(text)
    if found.unusable:
        check.add("phone", "phone_shape")
    return found.first or None


def _locked(session: Session, actor: Actor, group_id: int) -> WarningGroup:
    """Lock the child, then find its group, if it stands and the actor may know of it."""
    lock_named(session, select(WarningGroup.student_id).where(WarningGroup.id == group_id))
    found = session.exec(
        select(WarningGroup)
        .join(Student, col(Student.id) == col(WarningGroup.student_id))
        .where(WarningGroup.id == group_id, col(WarningGroup.to_day).is_(None), sees_students(actor, Subject.TIER))
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound
    return found


def _lock(session: Session, table: type[Row], row_id: int, version: int) -> Row:
    try:
        return lock_version(session, table, row_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile({}, edited_by=last_editor(session, error.current)) from None
