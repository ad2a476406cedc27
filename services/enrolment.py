"""How a child came, paused, came back and left: one line for each change (E-13, E-17)."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import EnrolmentChange, EnrolmentState, Student
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.row_filters import sees_students


@dataclass(frozen=True, slots=True)
class EnrolmentLine:
    """One change of a child's enrolment."""

    from_state: EnrolmentState | None
    to_state: EnrolmentState
    day: date
    place: str | None  # the school it came from or went to


@permitted(Permission.STUDENT_READ)
def list_enrolment_changes(session: Session, actor: Actor, *, student_id: int) -> tuple[EnrolmentLine, ...]:
    """Return the changes of a child's enrolment, the newest first; one statement, nothing for whom it is hidden."""
    rows = session.exec(
        select(EnrolmentChange)
        .join(Student, col(Student.id) == col(EnrolmentChange.student_id))
        .where(EnrolmentChange.student_id == student_id, sees_students(actor))
        .order_by(col(EnrolmentChange.day).desc(), col(EnrolmentChange.id).desc())
    ).all()
    return tuple(EnrolmentLine(row.from_state, row.to_state, row.day, unseal(row, "place_sealed")) for row in rows)


def enrolment_change(
    actor: Actor,
    *,
    student_id: int,
    before: EnrolmentState | None,
    after: EnrolmentState,
    day: date,
    place: str | None,
) -> EnrolmentChange:
    """Return the line of a change, its place sealed; the service that makes the change stores it."""
    row = EnrolmentChange(
        student_id=student_id,
        from_state=before,
        to_state=after,
        day=day,
        recorded_by_id=actor.user_id,
        recorded_at=clock.now(),
    )
    seal(row, "place_sealed", place)
    return row
