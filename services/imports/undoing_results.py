"""Taking back an import of screening results as a whole, unless somebody has followed one of them up."""

from typing import Any

from sqlalchemy import delete, or_, select
from sqlmodel import Session, col

from db.tables import ImportBatch, ScreeningAbsence, ScreeningResult, ScreeningRound, Student
from services.imports.undoing import BlockedRow, UndoBlocked
from services.screening.corrections import count_again, find_corrected


class ResultsFollowedUp(UndoBlocked):
    """Somebody has talked with children about the results of an import, or decided about them; `rows` names them."""


_OF_ROUNDS: tuple[type[Any], ...] = (ScreeningResult, ScreeningAbsence)


def take_back_results(session: Session, batch: ImportBatch) -> None:
    """Remove the results and absences of an import, and the rounds it began that stand empty then.

    Raises:
        ResultsFollowedUp: somebody has talked with a child about its result, decided about it, or handed it over.
    """
    _refuse_if_followed_up(session, batch)
    begun = select(col(ScreeningRound.id)).where(
        col(ScreeningRound.opened_at) == batch.imported_at, col(ScreeningRound.version) == 1
    )
    round_ids = list(session.execute(begun).scalars())
    corrected = find_corrected(session, batch_id=batch.id or 0)
    for table in _OF_ROUNDS:
        session.execute(delete(table).where(col(table.import_id) == batch.id))
    count_again(session, corrected)
    empty = [~select(table.id).where(col(table.round_id) == col(ScreeningRound.id)).exists() for table in _OF_ROUNDS]
    session.execute(delete(ScreeningRound).where(col(ScreeningRound.id).in_(round_ids), *empty))
    session.expire_all()


def _refuse_if_followed_up(session: Session, batch: ImportBatch) -> None:
    mine = select(col(ScreeningResult.id)).where(col(ScreeningResult.import_id) == batch.id)
    session.execute(mine.with_for_update())
    followed = session.execute(
        select(col(Student.id), col(Student.name))
        .join(ScreeningResult, col(ScreeningResult.student_id) == col(Student.id))
        .where(
            col(ScreeningResult.import_id) == batch.id,
            or_(col(ScreeningResult.contact_id).is_not(None), col(ScreeningResult.version) > 1),
        )
        .distinct()
        .order_by(col(Student.id))
    ).all()
    if followed:
        raise ResultsFollowedUp(tuple(BlockedRow(student_id, name) for student_id, name in followed))
