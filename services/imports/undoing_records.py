"""Taking back an import of past talks or visits as a whole, unless somebody has worked with one of its records."""

from typing import Any

from sqlalchemy import delete, or_, select
from sqlmodel import Session, col

from db.tables import METADATA, CareRecord, CareRecordWords, Draft, ImportBatch, Student
from services.imports.undoing import BlockedRow, UndoBlocked

_OWN = frozenset({"care_record_words", "care_record_version"})


class RecordsAmended(UndoBlocked):
    """Somebody has amended or withdrawn records of an import, or writes on one; `rows` names their children."""


def take_back_records(session: Session, batch: ImportBatch) -> None:
    """Remove the records of an import with their words.

    Raises:
        RecordsAmended: somebody has amended or withdrawn one of them, or is writing on it.
        UndoBlocked: something rests on one of them; whose it is, is not told.
    """
    mine = select(col(CareRecord.id)).where(col(CareRecord.import_id) == batch.id)
    session.execute(mine.with_for_update())
    _refuse_if_amended(session, batch)
    if _is_rested_on(session, mine):
        raise UndoBlocked(())
    session.execute(delete(CareRecordWords).where(col(CareRecordWords.record_id).in_(mine)))
    session.execute(delete(CareRecord).where(col(CareRecord.import_id) == batch.id))
    session.expire_all()


def _refuse_if_amended(session: Session, batch: ImportBatch) -> None:
    drafts = session.execute(select(col(Draft.subject)).where(col(Draft.subject).like("record:%"))).scalars()
    numbers = [number for subject in drafts if (number := subject.partition(":")[2]).isdigit()]
    amended = session.execute(
        select(col(Student.id), col(Student.name))
        .join(CareRecord, col(CareRecord.student_id) == col(Student.id))
        .where(
            col(CareRecord.import_id) == batch.id,
            or_(
                col(CareRecord.version) > 1,
                col(CareRecord.withdrawn_at).is_not(None),
                col(CareRecord.id).in_([int(number) for number in numbers]),
            ),
        )
        .distinct()
        .order_by(col(Student.id))
    ).all()
    if amended:
        raise RecordsAmended(tuple(BlockedRow(student_id, name) for student_id, name in amended))


def _is_rested_on(session: Session, mine: Any) -> bool:
    """Whether a row of any other table points at one of the records: a tier's ground, a result's contact."""
    record = CareRecord.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    for table in METADATA.sorted_tables:
        if table.name in _OWN:
            continue
        for key in table.foreign_keys:
            if key.column.table is record and session.execute(select(key.parent).where(key.parent.in_(mine))).first():
                return True
    return False
