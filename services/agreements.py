"""What reaches a family is agreed with a head of the care room beforehand, for every child alike."""

from sqlmodel import Session, select

from db.tables import AppUser
from services.access import is_protection_leader
from services.actors import Actor
from services.fields import Checker
from services.referrals import knows_of_abuse


def asks_before_contact(actor: Actor) -> bool:
    """Say whether this person agrees with the care room before reaching a family: all but its heads, for any child."""
    return not is_protection_leader(actor)


def check_agreement(
    session: Session,
    actor: Actor,
    check: Checker,
    *,
    agreed_with_id: int | None,
    before_id: int | None = None,
    is_same_contact: bool = False,
) -> int | None:
    """Return who agreed to reaching the family; neither question nor refusal depends on what is known of the child.

    A mark of suspected abuse stops what reaches the family. Whoever must not know of it would read it from a question
    asked about this child alone, so it is asked about all, and answered by somebody who knows. `before_id` is who
    stands there already; the same contact with other words needs no second yes.
    """
    if is_same_contact and agreed_with_id is None:
        return before_id
    if agreed_with_id is None:
        if asks_before_contact(actor):
            check.add("agreed_with_id", "agreement_needed")
    elif not (is_same_contact and agreed_with_id == before_id):  # a yes is for one contact, by who can give it then
        known = select(AppUser.id).where(AppUser.id == agreed_with_id, knows_of_abuse())
        if session.exec(known).first() is None:
            check.add("agreed_with_id", "unknown_choice")
    return agreed_with_id
