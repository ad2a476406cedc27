"""The recovery sheet: whether somebody has copied it rightly, for the key in use now."""

from sqlmodel import Session

from db.engine import keys
from db.tables import SystemFact
from services import audit
from services.access import Permission, permitted
from services.actors import Actor

CHECKED = "recovery_sheet_checked"
"""The fact whose value is the fingerprint of the key the checked sheet holds."""
ASKED_BACK = 2


@permitted(Permission.BACKUP_MANAGE)
def note_checked(session: Session, actor: Actor) -> None:
    """Note that groups of a copied sheet were asked back and are right."""
    session.merge(SystemFact(name=CHECKED, value=keys().fingerprint))
    audit.record(session, actor, audit.Action.RECOVERY_SHEET_CHECKED)


@permitted(Permission.BACKUP_MANAGE)
def is_checked(session: Session, actor: Actor) -> bool:
    """Say whether a right copy of the key in use now is known to be there."""
    fact = session.get(SystemFact, CHECKED)
    return fact is not None and fact.value == keys().fingerprint
