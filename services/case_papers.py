"""What stage summaries and evaluations share: whose case it is, that it is open, and who was faster (I-04, Q-06)."""

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement
from sqlmodel import Session, SQLModel, col, select

from db.tables import Case, ClassMembership, Referral, SchoolClass, Student
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.case_rhythms import summary_due_on
from services.case_stages import require_open
from services.classes import class_label
from services.closings import follows_case
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, NotAllowed, NotFound
from services.row_filters import sees_cases
from services.students import is_in_class, lock_named

Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class CaseHead:
    """Whose a case is, as its papers need it."""

    case_id: int
    student_id: int
    child: str
    class_label: str | None
    opened_on: date
    summary_due_on: date
    is_open: bool
    may_write: bool  # its papers


def find_to_write(session: Session, actor: Actor, case_id: int, *, is_new: bool) -> tuple[Case, date]:
    """Return a case for its owner or a head, held until the transaction ends, and the day the worry came.

    What is new goes into an open case; what was written before can be put right in a closed one too (F-10).

    Raises:
        NotFound: there is none this actor may open.
        NotAllowed: it is somebody else's case.
        CaseClosed: it is closed, and this would be new to it.
    """
    found: Any = session.exec(
        select(Case, Referral.received_at, _follows(actor))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.id == case_id, sees_cases(actor))
    ).first()
    if found is None:
        raise NotFound
    if not found.follows:
        raise NotAllowed
    case: Case = found[0]
    lock_named(session, select(Case.student_id).where(Case.id == case_id))  # the child first, as whoever merges does
    session.refresh(case, with_for_update={"key_share": True})
    if is_new:
        require_open(case)
    return case, clock.local(found.received_at).date()


def find_to_read(session: Session, actor: Actor, case_id: int) -> CaseHead:
    """Return whose a case is and when it is to be summed up, for who may open it; one statement.

    Raises:
        NotFound: there is none.
    """
    found = session.execute(
        head_of(actor, case_id)
        .add_columns(col(Student.name).label("child"), SchoolClass.grade, SchoolClass.number)
        .join(Student, col(Student.id) == col(Case.student_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
    ).first()
    if found is None:
        raise NotFound
    return CaseHead(
        case_id=case_id,
        student_id=found.student_id,
        child=found.child,
        class_label=class_label(found.grade, found.number) if found.grade else None,
        opened_on=clock.local(found.opened_at).date(),
        summary_due_on=found.due_on,
        is_open=found.closed_at is None,
        may_write=bool(found.follows) and allows(actor, Permission.CASE_READ),
    )


def head_of(actor: Actor, case_id: int) -> Any:  # a Select
    """Return what is known of a case besides its papers, for who may open it."""
    columns: list[Any] = [
        Case.student_id, Case.opened_at, Case.closed_at, _follows(actor), summary_due_on().label("due_on"),
    ]  # fmt: skip
    return (
        select(*columns)
        .select_from(Case)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.id == case_id, sees_cases(actor))
    )


def lock_paper(session: Session, table: type[Row], row_id: int, *, version: int, stored: Any) -> Row:
    """Lock a paper that was read as this version; `stored` says how its form names what stands there now.

    Raises:
        EditedMeanwhile: somebody saved it since.
    """
    try:
        return lock_version(session, table, row_id, version=version)
    except EditedMeanwhile as error:
        current: Any = error.current
        raise EditedMeanwhile(stored(current), edited_by=last_editor(session, current)) from None


def _follows(actor: Actor) -> ColumnElement[bool]:
    return follows_case(actor).label("follows")
