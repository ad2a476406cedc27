"""What is changed on a table of suggestions and not yet written: kept for whoever changes it, for a reload."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from db.transactions import reading, transaction
from services import drafts
from services.actors import Actor
from services.errors import DomainError
from services.pairing.proposals import ProposalScope
from ui.session import who_is_there

FORM = "pairing_suggest"
NOBODY_CHOSEN = 0


@dataclass(frozen=True)
class Kept:
    """Helpers by child, `NOBODY_CHOSEN` for none; `lost` are of children or helpers that are not on the table."""

    chosen: Mapping[int, int] = field(default_factory=dict)
    saved_at: datetime | None = None
    lost: int = 0


def load(actor: Actor, scope: ProposalScope, *, children: Collection[int], helpers: Collection[int]) -> Kept:
    """Return the actor's own changes to suggestions for this scope, as far as they still have a place."""
    with reading() as session:
        found = drafts.find_draft(session, actor, form=FORM, subject=_subject(scope))
    if found is None:
        return Kept()
    changes = {int(child): int(helper) for child, helper in found.content.items()}
    chosen = {
        child: helper
        for child, helper in changes.items()
        if child in children and (helper == NOBODY_CHOSEN or helper in helpers)
    }
    return Kept(chosen, found.saved_at, len(changes) - len(chosen))


def keep(scope: ProposalScope, chosen: Mapping[int, int]) -> datetime | None:
    """Save what is changed, for `on_change`; changes that can't be kept never stop the changing."""
    actor = who_is_there()
    if actor is None:
        return None
    content = {str(child): helper for child, helper in chosen.items()}
    try:
        with transaction() as session:
            if content:
                return drafts.save_draft(session, actor, form=FORM, subject=_subject(scope), content=content)
            discard(session, actor, scope)
    except DomainError:
        pass
    return None


def discard(session: Session, actor: Actor, scope: ProposalScope) -> None:
    """Throw the changes away: they are written, or not wanted."""
    drafts.discard_draft(session, actor, form=FORM, subject=_subject(scope))


def _subject(scope: ProposalScope) -> str:
    parts = (scope.role.value, scope.grade, scope.class_id, int(scope.also_others), scope.from_helper_id)
    return ".".join("" if each is None else str(each) for each in parts)
