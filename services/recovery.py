"""The recovery sheet: whether somebody has copied it rightly, for the key in use now."""

import secrets
from dataclasses import dataclass

from sqlmodel import Session

from db.engine import keys
from db.sheets import GROUPS, short_name, write_groups
from db.tables import SystemFact
from services import audit
from services.access import Permission, permitted
from services.actors import Actor

CHECKED = "recovery_sheet_checked"
"""The fact whose value is the fingerprint of the key the checked sheet holds."""
ASKED_BACK = 2


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is copied: the groups of the key, the short name by which two keys are told apart, which groups to ask."""

    name: str
    groups: tuple[str, ...]
    asked: tuple[int, ...]


def sheet_of_new_school() -> Sheet:
    """Return the sheet of the key in use, for who has just set the school up; later it is shown on the server only."""
    asked = secrets.SystemRandom().sample(range(1, GROUPS + 1), ASKED_BACK)
    return Sheet(short_name(keys().fingerprint), write_groups(keys()), tuple(sorted(asked)))


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
