"""A way back in when the administrators have forgotten their passwords: from the server's own console only."""

from sqlmodel import Session, col, select

from db.locks import Turn, take_turn
from db.tables import AppUser, Role, RoleGrant
from services import audit
from services.access import Permission, permitted
from services.actors import Actor
from services.editing import lock_version
from services.errors import NotAllowed
from services.passwords import NewPassword
from services.sign_in import end_sessions_of, normalise_name


class WhichAdministrator(Exception):
    """Not one account is meant: there are several administrators, or none of that name."""

    def __init__(self, usernames: list[str]) -> None:
        super().__init__(usernames)
        self.usernames = usernames


@permitted(Permission.ACCOUNT_MANAGE)
def reset_administrator(
    session: Session, actor: Actor, *, username: str | None, prepared: tuple[str, str]
) -> NewPassword:
    """Give an administrator a new first password, and the account back if it was disabled; its sessions end.

    Without a name the only active administrator is meant, or the only one there is.

    Raises:
        NotAllowed: somebody signed in asks; for them there is the accounts page.
        WhichAdministrator: with the user names of all administrators.
    """
    if not actor.is_command_line:
        raise NotAllowed
    take_turn(session, Turn.ACCOUNTS)
    user = _find(session, username)
    user = lock_version(session, AppUser, user.id or 0, version=user.version)
    password, user.password_hash = prepared
    user.must_change_password = True
    if not user.is_active:
        user.is_active = True
        audit.record(session, actor, audit.Action.ACCOUNT_ENABLED, target=user)
    session.add(user)
    end_sessions_of(session, user.id or 0)
    audit.record(session, actor, audit.Action.PASSWORD_RESET, target=user)
    return NewPassword(user.id or 0, user.username, password)


def _find(session: Session, username: str | None) -> AppUser:
    administrators = session.exec(
        select(AppUser)
        .join(RoleGrant, col(RoleGrant.user_id) == col(AppUser.id))
        .where(RoleGrant.role == Role.ADMIN, col(RoleGrant.ended_at).is_(None))
        .order_by(col(AppUser.username))
    ).all()
    if username is None:
        meant = [user for user in administrators if user.is_active] or list(administrators)
    else:
        meant = [user for user in administrators if user.username == normalise_name(username)]
    if len(meant) != 1:
        raise WhichAdministrator([user.username for user in administrators])
    return meant[0]
