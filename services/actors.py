"""Who is asking."""

import getpass
from dataclasses import dataclass
from datetime import datetime

from db.tables.people import Role
from services.errors import NotAllowed

COMMAND_LINE_NAME = "命令行"


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in member of staff with the roles held at this moment, or the command line."""

    user_id: int | None
    display_name: str
    roles: frozenset[Role]
    session_id: int | None = None
    must_change_password: bool = False
    must_pledge: bool = False  # has not accepted this school year's pledge, and a role asks for it
    is_protection_leader: bool = False
    holds_office: bool = False  # the post that answers for lists, papers and reports (B-04)
    hidden_since: datetime | None = None
    last_seen_at: datetime | None = None
    os_user: str | None = None
    by_post_only: bool = False  # what a seat in a warning group shows is no part of writing or taking out

    @property
    def is_command_line(self) -> bool:
        """Whether somebody with a shell on the server is asking, without an account."""
        return self.user_id is None

    def has_role(self, *roles: Role) -> bool:
        """Say whether the actor holds one of these roles."""
        return not self.roles.isdisjoint(roles)

    @property
    def id_of_staff(self) -> int:
        """Return the account's id, for records that must name a person.

        Raises:
            NotAllowed: the command line asks, which is nobody in particular.
        """
        if self.user_id is None:
            raise NotAllowed
        return self.user_id


def command_line() -> Actor:
    """Return the built-in actor of the command line; events name the operating-system user."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "unknown"
    return Actor(None, COMMAND_LINE_NAME, frozenset(Role), os_user=name[:80])
