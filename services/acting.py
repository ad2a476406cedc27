"""Acting with somebody's account from the command line: its roles count, the password is not asked for."""

from sqlmodel import Session, col, select

from db.tables import AppUser, Role, RoleGrant
from services.actors import Actor, command_line
from services.errors import DomainError
from services.sign_in import normalise_name


class UnknownAccount(DomainError):
    """There is no such account, or it is disabled."""

    def __init__(self, username: str) -> None:
        super().__init__(username)
        self.username = username


def find_actor(session: Session, username: str | None) -> Actor:
    """Return the account of this name with its roles of this moment, or without a name the command line itself.

    Raises:
        UnknownAccount: there is no such account, or it is disabled.
    """
    if username is None:
        return command_line()
    user = session.exec(select(AppUser).where(AppUser.username == normalise_name(username), AppUser.is_active)).first()
    if user is None:
        raise UnknownAccount(username)
    held = select(RoleGrant.role).where(RoleGrant.user_id == user.id, col(RoleGrant.ended_at).is_(None))
    return Actor(
        user_id=user.id,
        display_name=user.display_name,
        roles=frozenset(Role(role) for role in session.exec(held)),
        is_protection_leader=user.is_protection_leader,
        os_user=command_line().os_user,
    )
