"""Opening one referral: what this person may see of it, and the note that its words were read."""

from db.transactions import reading, transaction
from services import referral_views
from services.actors import Actor
from services.referral_views import MoveRow, ReferralView


def open_referral(actor: Actor, referral_id: int, *, is_marked: bool = False) -> tuple[ReferralView, list[MoveRow]]:
    """Return a referral with its steps; `is_marked`: only if it is about suspected abuse.

    Raises:
        NotFound: there is none this person may know of.
    """
    find = referral_views.find_marked if is_marked else referral_views.find_referral
    with reading() as session:
        view = find(session, actor, referral_id=referral_id)
        moves = referral_views.list_moves(session, actor, referral_id=referral_id)
    note_opening(actor, view)
    return view, list(moves)


def note_opening(actor: Actor, view: ReferralView) -> None:
    """Note that the words were read, where they were and it isn't noted yet."""
    if view.has_words and not view.is_opening_noted:
        with transaction() as session:
            referral_views.note_opening(session, actor, referral_id=view.id)
