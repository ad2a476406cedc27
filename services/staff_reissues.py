"""Giving the people of one import new first passwords: those who have not chosen their own yet, all at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select, true

from db.locks import Turn, take_turn
from db.tables import AppUser, RoleGrant
from services import audit
from services.access import Permission, allows, permitted
from services.account_lists import TEAM_ROLES
from services.actors import Actor
from services.errors import DomainError
from services.passwords import NewPassword, Slip
from services.sign_in import end_sessions_of


class FirstPasswordsMeanwhile(DomainError):
    """Since it was shown, one of them has chosen a password of their own, was reset or changed."""


@dataclass(frozen=True, slots=True)
class StaffImport:
    """The accounts one import made, and those of them that still have a first password: id → version."""

    made_at: datetime
    total: int
    waiting: Mapping[int, int]

    @property
    def id(self) -> int:
        """The first of its accounts that waits, by which a page names it."""
        return min(self.waiting)


@permitted(Permission.STAFF_IMPORT)
def list_waiting_imports(session: Session, actor: Actor) -> list[StaffImport]:
    """Return the imports of which somebody still has a first password, the newest first; one statement.

    The accounts of one import were made at one moment (`staff_imports`); one alone is reset where accounts are managed.
    """
    together = select(AppUser.created_at).group_by(col(AppUser.created_at)).having(func.count() > 1)
    found: dict[datetime, list[AppUser]] = defaultdict(list)
    for user in session.exec(select(AppUser).where(col(AppUser.created_at).in_(together), _is_theirs_to_reset(actor))):
        found[user.created_at].append(user)
    imports = [
        StaffImport(made_at, len(users), {user.id or 0: user.version for user in users if _waits(user)})
        for made_at, users in found.items()
    ]
    return sorted((each for each in imports if each.waiting), key=lambda each: each.made_at, reverse=True)


@permitted(Permission.STAFF_IMPORT)
def reissue_first_passwords(
    session: Session, actor: Actor, *, waiting: Mapping[int, int], prepared: Sequence[tuple[str, str]]
) -> list[Slip]:
    """Give each of these accounts (id → version as shown) a new first password; their sessions end.

    `prepared` holds a first password with its hash for each (`passwords.first_passwords`).

    Raises:
        FirstPasswordsMeanwhile: one of them is not as shown any more, or not this actor's to manage; nobody is reset.
    """
    take_turn(session, Turn.ACCOUNTS)
    users = session.exec(
        select(AppUser)
        .where(col(AppUser.id).in_(list(waiting)), _is_theirs_to_reset(actor))
        .order_by(col(AppUser.name_order), col(AppUser.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    current = {user.id: user.version for user in users if _waits(user)}
    if current != dict(waiting) or len(prepared) != len(users):
        raise FirstPasswordsMeanwhile
    slips = []
    for user, (password, password_hash) in zip(users, prepared, strict=True):
        user.password_hash, user.version = password_hash, user.version + 1
        session.add(user)
        end_sessions_of(session, user.id or 0)
        audit.record(session, actor, audit.Action.PASSWORD_RESET, target=user)
        slips.append(Slip(user.display_name, user.staff_no, NewPassword(user.id or 0, user.username, password)))
    session.flush()
    return slips


def _waits(user: AppUser) -> bool:
    return user.is_active and user.must_change_password


def _is_theirs_to_reset(actor: Actor) -> ColumnElement[bool]:
    """Whom this actor may manage: everybody, or who holds roles of the team only (as `account_lists.may_manage`)."""
    if allows(actor, Permission.ACCOUNT_MANAGE):
        return true()
    others = select(RoleGrant).where(
        col(RoleGrant.user_id) == col(AppUser.id),
        col(RoleGrant.ended_at).is_(None),
        col(RoleGrant.role).not_in(sorted(TEAM_ROLES)),
    )
    return ~others.exists()
