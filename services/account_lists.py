"""Staff accounts as pages and pickers show them, and who may manage which."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from db.sealing import unseal
from db.tables import AppUser, ClassTeacher, ClassTeacherKind, Role, RoleGrant, SchoolClass, SignInSession
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.classes import class_label
from services.errors import NotFound
from services.paging import page_there

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


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One page of the accounts in use, or of the disabled ones; which page it is, and how many accounts there are."""

    rows: list[AccountRow]
    page: int
    total: int
    chosen: AccountRow | None


@permitted(Permission.ACCOUNT_MANAGE, Permission.ACCOUNT_ADD_TEAM)
def list_accounts(
    session: Session,
    actor: Actor,
    *,
    is_active: bool = True,
    page: int = 1,
    page_size: int,
    chosen_id: int | None = None,
) -> AccountPage:
    """Return one page of accounts, and of the same kind the chosen one, on whichever page; five statements.

    The first page, where there are fewer than asked for.
    """
    kind = col(AppUser.is_active).is_(is_active)
    total = session.exec(select(func.count()).select_from(AppUser).where(kind)).one()
    page = page_there(page, total=total, page_size=page_size)
    here = select(AppUser.id).where(kind).order_by(col(AppUser.id)).offset((page - 1) * page_size).limit(page_size)
    users = select(AppUser, col(AppUser.id).in_(here)).where(
        kind, or_(col(AppUser.id).in_(here), AppUser.id == chosen_id)
    )
    found = session.exec(users.order_by(col(AppUser.id))).all()
    rows = _rows(session, actor, [user for user, _ in found])
    return AccountPage(
        rows=[row for row, (_, is_here) in zip(rows, found, strict=True) if is_here],
        page=page,
        total=total,
        chosen=next((row for row in rows if row.id == chosen_id), None),
    )


@permitted(Permission.ACCOUNT_MANAGE, Permission.ACCOUNT_ADD_TEAM)
def find_account(session: Session, actor: Actor, *, user_id: int) -> AccountRow:
    """Return one account.

    Raises:
        NotFound: there is no such account.
    """
    user = session.get(AppUser, user_id)
    if user is None:
        raise NotFound
    return _rows(session, actor, [user])[0]


def _rows(session: Session, actor: Actor, users: Sequence[AppUser]) -> list[AccountRow]:
    ids = [user.id or 0 for user in users]
    roles = _roles_by_user(session, ids)
    classes = _homeroom_classes(session, ids)
    seen: dict[int, datetime] = dict(
        session.exec(
            select(SignInSession.user_id, func.max(SignInSession.last_seen_at))
            .where(col(SignInSession.user_id).in_(ids))
            .group_by(col(SignInSession.user_id))
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


def _roles_by_user(session: Session, ids: Sequence[int]) -> dict[int, set[Role]]:
    found: dict[int, set[Role]] = {}
    for user_id, role in session.exec(
        select(RoleGrant.user_id, RoleGrant.role).where(
            col(RoleGrant.ended_at).is_(None), col(RoleGrant.user_id).in_(ids)
        )
    ):
        found.setdefault(user_id, set()).add(Role(role))
    return found


def _homeroom_classes(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for user_id, grade, number in session.exec(
        select(ClassTeacher.user_id, SchoolClass.grade, SchoolClass.number)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassTeacher.class_id))
        .where(
            ClassTeacher.kind == ClassTeacherKind.HOMEROOM,
            col(ClassTeacher.to_day).is_(None),
            col(ClassTeacher.user_id).in_(ids),
        )
        .order_by(col(SchoolClass.grade), col(SchoolClass.number))
    ):
        found.setdefault(user_id, []).append(class_label(grade, number))
    return found
