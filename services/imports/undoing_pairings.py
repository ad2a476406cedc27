"""Taking back an import of pairs as a whole, unless somebody has worked with one of its pairs or helpers."""

from typing import Any

from sqlalchemy import delete, or_, select
from sqlmodel import Session, col

from db.tables import METADATA, Helper, ImportBatch, Pairing, PairingSubsidy, Student
from services.imports.undoing import BlockedRow, UndoBlocked


class PairsWorkedWith(UndoBlocked):
    """Somebody has changed or ended pairs of an import, or noted what was paid; `rows` names their children."""


def take_back_pairings(session: Session, batch: ImportBatch) -> None:
    """Remove the pairs of an import with their subsidies, and the helpers it registered.

    Raises:
        PairsWorkedWith: somebody has changed, ended or handed over one of the pairs, or paid for it.
        UndoBlocked: a helper it registered was changed or has other pairs or records by now; whose, is not told.
    """
    children = select(col(Pairing.student_id)).where(col(Pairing.import_id) == batch.id)
    session.execute(
        select(col(Student.id)).where(col(Student.id).in_(children)).order_by(col(Student.id)).with_for_update()
    )
    pairs = select(col(Pairing.id)).where(col(Pairing.import_id) == batch.id)
    helpers = select(col(Helper.id)).where(col(Helper.import_id) == batch.id)
    session.execute(helpers.order_by(col(Helper.id)).with_for_update())
    session.execute(pairs.order_by(col(Pairing.id)).with_for_update())
    _refuse_if_worked_with(session, batch, pairs)
    if _is_rested_on(session, batch, helpers):
        raise UndoBlocked(())
    session.execute(delete(PairingSubsidy).where(col(PairingSubsidy.pairing_id).in_(pairs)))
    session.execute(delete(Pairing).where(col(Pairing.import_id) == batch.id))
    session.execute(delete(Helper).where(col(Helper.import_id) == batch.id))
    session.expire_all()


def _refuse_if_worked_with(session: Session, batch: ImportBatch, pairs: Any) -> None:  # a select of ids
    touched = or_(
        col(PairingSubsidy.version) > 1,
        col(PairingSubsidy.recorded_at) != batch.imported_at,
        col(PairingSubsidy.paid_on).is_not(None),
    )
    paid = select(col(PairingSubsidy.pairing_id)).where(col(PairingSubsidy.pairing_id).in_(pairs), touched)
    followed = select(col(Pairing.continues_id)).where(col(Pairing.continues_id).in_(pairs))
    worked = session.execute(
        select(col(Student.id), col(Student.name))
        .join(Pairing, col(Pairing.student_id) == col(Student.id))
        .where(
            col(Pairing.import_id) == batch.id,
            or_(col(Pairing.version) > 1, col(Pairing.id).in_(paid), col(Pairing.id).in_(followed)),
        )
        .distinct()
        .order_by(col(Student.id))
    ).all()
    if worked:
        raise PairsWorkedWith(tuple(BlockedRow(student_id, name) for student_id, name in worked))


def _is_rested_on(session: Session, batch: ImportBatch, helpers: Any) -> bool:  # a select of ids
    """Whether a helper of the import was changed, or any other row points at one."""
    changed = helpers.where(col(Helper.version) > 1)
    if session.execute(changed.limit(1)).first() is not None:
        return True
    own = METADATA.tables["pairing"]
    for table in METADATA.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table.name != "helper":
                continue
            wanted = select(key.parent).where(key.parent.in_(helpers))
            if table is own:
                wanted = wanted.where(own.c.import_id.is_distinct_from(batch.id))
            if session.execute(wanted.limit(1)).first() is not None:
                return True
    return False
