"""Opening one referral: what this person may see of it, and the notes that its words and the feedback were read."""

from contextlib import suppress
from dataclasses import replace

from db.transactions import reading, transaction
from services import referral_moves, referral_views
from services.actors import Actor
from services.errors import NotFound
from services.referral_views import MoveRow, ReferralAct, ReferralView


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
    if ReferralAct.READ_FEEDBACK in view.acts:  # it stands on the page now: nobody has to say so as well (C-09)
        with suppress(NotFound), transaction() as session:  # not hers to read any more since
            referral_moves.mark_feedback_read(session, actor, referral_id=referral_id, version=view.version)
        view = replace(view, acts=view.acts - {ReferralAct.READ_FEEDBACK})
    return view, list(moves)


def note_opening(actor: Actor, view: ReferralView) -> None:
    """Note that the words were read, where they were and it isn't noted yet."""
    if view.has_words and not view.is_opening_noted:
        with transaction() as session:
            referral_views.note_opening(session, actor, referral_id=view.id)
