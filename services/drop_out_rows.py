"""The row of a child that stays away, for whoever finds out: the form of its own, or the register (E-16)."""

from datetime import date

from sqlmodel import Session, col, select

from db.sealing import seal
from db.tables import DropOut
from services import audit, clock
from services.actors import Actor


def open_drop_out(session: Session, student_id: int) -> DropOut | None:
    """Return what is open for a child."""
    return session.exec(
        select(DropOut).where(DropOut.student_id == student_id, col(DropOut.closed_at).is_(None))
    ).first()


def follow_drop_out(session: Session, actor: Actor, *, student_id: int, class_id: int | None, day: date) -> None:
    """Let a child that the register says has dropped out be followed, unless it already is; the child is locked."""
    if open_drop_out(session, student_id) is not None:
        return
    row = DropOut(
        student_id=student_id,
        class_id=class_id,
        noticed_on=day,
        recorded_by_id=actor.user_id,
        recorded_at=clock.now(),
    )
    seal(row, "noticed_by_sealed", actor.display_name)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.DROP_OUT_REGISTERED, target=row, student_id=student_id)
