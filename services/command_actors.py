"""Who acts when a command is typed on the server: the command line itself, or a member of staff it names."""

from dataclasses import replace

from sqlmodel import Session, col, select

from db.tables import AppUser
from services.actors import Actor, command_line
from services.sign_in import normalise_name, roles_held


def find_command_actor(session: Session, username: str | None) -> Actor | None:
    """Return the command line's actor, or the active account named, whose events then name the shell's user too."""
    shell = command_line()
    if username is None:
        return shell
    user = session.exec(
        select(AppUser).where(AppUser.username == normalise_name(username), col(AppUser.is_active))
    ).first()
    if user is None:
        return None
    return replace(
        shell,
        user_id=user.id,
        display_name=user.display_name,
        roles=roles_held(session, user.id or 0),
        is_protection_leader=user.is_protection_leader,
    )
