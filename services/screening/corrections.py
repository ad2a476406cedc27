"""Results that a later one of the same day corrects: they stay, and count no more (H-01).

Nobody has to be talked with any more for a result that was corrected, unless it was urgent: that somebody talked with
such a child can do no harm, and that nobody did could (H-04).
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, update
from sqlmodel import Session, col, select

from db.aliases import shared_alias
from db.tables import ScreeningResult

_Later = shared_alias(ScreeningResult)


def is_corrected() -> ColumnElement[bool]:
    """Return the filter on results of which the same round has another of that day that came later."""
    return select(col(_Later.id)).where(_is_later()).correlate(ScreeningResult).exists()


def _is_later() -> ColumnElement[bool]:
    return and_(
        col(_Later.round_id) == col(ScreeningResult.round_id),
        col(_Later.student_id) == col(ScreeningResult.student_id),
        col(_Later.taken_on) == col(ScreeningResult.taken_on),
        col(_Later.number) > col(ScreeningResult.number),
    )


def let_go_of_corrected(session: Session, *, batch_id: int) -> None:
    """Let nobody have to talk about what an import has just corrected; for who imports."""
    calm = col(ScreeningResult.is_urgent).is_(False), col(ScreeningResult.contact_id).is_(None)
    session.execute(
        update(ScreeningResult)
        .where(*calm, col(ScreeningResult.id).in_(find_corrected(session, batch_id=batch_id)))
        .values(needs_contact=False)
        .execution_options(synchronize_session=False)
    )


def find_corrected(session: Session, *, batch_id: int) -> Sequence[int]:
    """Return the results that an import corrects."""
    wanted = select(col(ScreeningResult.id)).join(_Later, _is_later()).where(col(_Later.import_id) == batch_id)
    return [each or 0 for each in session.exec(wanted.distinct()).all()]


def count_again(session: Session, result_ids: Sequence[int]) -> None:
    """Let results count as before that an import had corrected which was just taken back."""
    session.execute(
        update(ScreeningResult)
        .where(col(ScreeningResult.id).in_(result_ids), ~is_corrected())
        .values(needs_contact=col(ScreeningResult.rank) > 0)
        .execution_options(synchronize_session=False)
    )
