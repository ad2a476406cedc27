"""Staff accounts as pages and pickers show them, and who may manage which."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, func, select

from db.sealing import unseal
from db.tables import AppUser, ClassTeacher, ClassTeacherKind, Role, RoleGrant, SchoolClass, SignInSession
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.classes import class_label

TEAM_ROLES = frozenset({Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR})
"""The roles a lead may give; all others are the administrator's."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account as the accounts page shows it."""

    id: int
    version: int
    username: str
    display_name: str
    staff_no: str | None
    roles: tuple[Role, ...]
    homeroom_of: tuple[str, ...]
    is_active: bool
    must_change_password: bool
    is_protection_leader: bool
    last_seen_at: datetime | None
    is_mine_to_manage: bool
    phone: str | None = field(default=None, repr=False)  # for who manages the account

    @property
    def state(self) -> str:
        """Whether the account can be used: active, first_password or disabled."""
        if not self.is_active:
            return "disabled"
        return "first_password" if self.must_change_password else "active"


@dataclass(frozen=True, slots=True)
class StaffName:
    """A member of staff as pickers show it."""

    id: int
    display_name: str
    roles: tuple[Role, ...]


@permitted(Permission.ACCOUNT_MANAGE, Permission.ACCOUNT_ADD_TEAM)
def list_accounts(session: Session, actor: Actor) -> list[AccountRow]:
    """Return all accounts, active ones first; four statements however many there are."""
    users = session.exec(select(AppUser).order_by(col(AppUser.is_active).desc(), col(AppUser.id))).all()
    roles = _roles_by_user(session)
    classes = _homeroom_classes(session)
    seen: dict[int, datetime] = dict(
        session.exec(
            select(SignInSession.user_id, func.max(SignInSession.last_seen_at)).group_by(col(SignInSession.user_id))
        ).all()
    )
    return [
        AccountRow(
            id=user.id or 0,
            version=user.version,
            username=user.username,
            display_name=user.display_name,
            staff_no=user.staff_no,
            roles=tuple(role for role in Role if role in roles.get(user.id or 0, set())),
            homeroom_of=tuple(classes.get(user.id or 0, [])),
            is_active=user.is_active,
            must_change_password=user.must_change_password,
            is_protection_leader=user.is_protection_leader,
            last_seen_at=seen.get(user.id or 0),
            is_mine_to_manage=(mine := may_manage(actor, roles.get(user.id or 0, set()))),
            phone=unseal(user, "phone_sealed") if mine else None,
        )
        for user in users
    ]


@permitted(Permission.REFERRAL_REGISTER, Permission.ACCOUNT_ADD_TEAM)
def list_staff(session: Session, actor: Actor, *, roles: Iterable[Role] | None = None) -> list[StaffName]:
    """Return active staff by name, those holding one of `roles` if given; a teacher is offered only herself.

    Teachers refer in their own name; who holds which role is for those who hand work out.
    """
    wanted = frozenset(Role if roles is None else roles)
    grants = (
        select(AppUser.id, AppUser.display_name, RoleGrant.role)
        .join(RoleGrant, col(RoleGrant.user_id) == col(AppUser.id))
        .where(AppUser.is_active, col(RoleGrant.ended_at).is_(None))
        .order_by(col(AppUser.name_order), col(AppUser.id))
    )
    if not allows(actor, Permission.REFERRAL_HANDLE, Permission.ACCOUNT_ADD_TEAM):
        grants = grants.where(AppUser.id == actor.user_id)
    held: dict[tuple[int, str], set[Role]] = {}
    for user_id, name, role in session.exec(grants):
        held.setdefault((user_id or 0, name), set()).add(Role(role))
    return [
        StaffName(user_id, name, tuple(role for role in Role if role in roles_held))
        for (user_id, name), roles_held in held.items()
        if not wanted.isdisjoint(roles_held)
    ]


@permitted(Permission.ACCOUNT_MANAGE, Permission.ACCOUNT_ADD_TEAM)
def list_roles_to_give(session: Session, actor: Actor) -> list[Role]:
    """Return the roles this actor may give and take."""
    return [role for role in Role if may_manage(actor, {role})]


def may_manage(actor: Actor, roles: Iterable[Role]) -> bool:
    """Whether the actor may give and take these roles, and manage an account that holds them."""
    if allows(actor, Permission.ACCOUNT_MANAGE):
        return True
    return allows(actor, Permission.ACCOUNT_ADD_TEAM) and frozenset(roles) <= TEAM_ROLES


def _roles_by_user(session: Session) -> dict[int, set[Role]]:
    found: dict[int, set[Role]] = {}
    for user_id, role in session.exec(
        select(RoleGrant.user_id, RoleGrant.role).where(col(RoleGrant.ended_at).is_(None))
    ):
        found.setdefault(user_id, set()).add(Role(role))
    return found


def _homeroom_classes(session: Session) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for user_id, grade, number in session.exec(
        select(ClassTeacher.user_id, SchoolClass.grade, SchoolClass.number)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassTeacher.class_id))
        .where(ClassTeacher.kind == ClassTeacherKind.HOMEROOM, col(ClassTeacher.to_day).is_(None))
        .order_by(col(SchoolClass.grade), col(SchoolClass.number))
    ):
        found.setdefault(user_id, []).append(class_label(grade, number))
    return found
