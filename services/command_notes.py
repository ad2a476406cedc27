"""Events of work that replaces the whole database, for which no session is open: the work itself appends them."""

from db.audit_chain import Note
from services import clock
from services.actors import command_line
from services.audit import Action


def restored_note() -> Note:
    """Return the event of a backup brought back."""
    return _note(Action.BACKUP_RESTORED)


def rotated_note() -> Note:
    """Return the event of a key rotation."""
    return _note(Action.KEY_ROTATED)


def _note(action: Action) -> Note:
    return Note(at=clock.now(), actor_id=None, actor_label=command_line().os_user, action=action.value)
