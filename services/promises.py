"""The parents' written promise (父母承诺书), one in force for each child, earlier ones kept (E-20)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import ParentsPromise, Student
from services import audit, clock
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.errors import EditedMeanwhile, NotFound
from services.fields import LINE, SHORT, Checker
from services.row_filters import sees_students
from services.student_rights import require_writable


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """One promise, as the child's page shows it."""

    id: int
    signed_on: date
    signer: str | None
    place: str | None
    is_current: bool


def has_promise() -> ColumnElement[bool]:
    """Return the row filter on Student: whose parents' promise is filed."""
    return col(Student.id).in_(select(ParentsPromise.student_id).where(col(ParentsPromise.replaced_at).is_(None)))


@permitted(Permission.CONSENT_WRITE)
def list_promises(session: Session, actor: Actor, *, student_id: int) -> tuple[PromiseLine, ...]:
    """Return the promises of a child's parents, the newest first; one statement."""
    rows = session.exec(
        select(ParentsPromise)
        .join(Student, col(Student.id) == col(ParentsPromise.student_id))
        .where(ParentsPromise.student_id == student_id, sees_students(actor), sees_students(actor, Subject.CATEGORY))
        .order_by(col(ParentsPromise.signed_on).desc(), col(ParentsPromise.id).desc())
    ).all()
    return tuple(_line(row) for row in rows)


@permitted(Permission.CONSENT_WRITE)
def record_promise(
    session: Session,
    actor: Actor,
    *,
    student_id: int,
    signed_on: date | None,
    signer: str | None,
    place: str | None = None,
    replaces_id: int | None = None,
) -> int:
    """Record that a signed promise is filed; `replaces_id` is the one the form was drawn from.

    Raises:
        NotFound, NotAllowed: the child is not this actor's to write.
        FieldErrors: the day or the signer is missing, or a day that can't be.
        EditedMeanwhile: somebody recorded one since; `current` is a PromiseLine.
    """
    require_writable(session, actor, student_id, Permission.CONSENT_WRITE)
    child = session.exec(select(Student).where(Student.id == student_id).with_for_update(key_share=True)).one()
    before = session.exec(
        select(ParentsPromise).where(ParentsPromise.student_id == student_id, col(ParentsPromise.replaced_at).is_(None))
    ).first()
    if (before.id if before else None) != replaces_id:
        raise EditedMeanwhile(_line(before) if before else {})
    earliest = before.signed_on if before else child.birth_day
    day, who, where = _checked(signed_on, signer=signer, place=place, earliest=earliest)
    if before is not None:
        before.replaced_at = clock.now()
        session.add(before)
        session.flush()  # at most one counts
    row = ParentsPromise(student_id=student_id, signed_on=day, recorded_by_id=actor.user_id, recorded_at=clock.now())
    seal(row, "signer_sealed", who)
    seal(row, "place_sealed", where)
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # recorded by another process since it was looked up
        raise EditedMeanwhile({}) from None
    audit.record(session, actor, audit.Action.PROMISE_RECORDED, target=row, student_id=student_id)
    return row.id or 0


def _checked(
    signed_on: date | None, *, signer: str | None, place: str | None, earliest: date
) -> tuple[date, str, str | None]:
    """Return day, signer and place of a promise that can be; refuse everything else at once."""
    check = Checker()
    who = check.required_text("signer", signer, limit=SHORT)
    where = check.text("place", place, limit=LINE)
    if signed_on is None:
        check.add("signed_on", "required")
    check.not_future("signed_on", signed_on, today=clock.today())
    if signed_on is not None and signed_on < earliest:
        check.add("signed_on", "before_last", day=earliest)
    check.finish()
    if signed_on is None:  # refused above; said again for the types
        raise NotFound
    return signed_on, who, where


def _line(row: ParentsPromise) -> PromiseLine:
    return PromiseLine(
        row.id or 0, row.signed_on, unseal(row, "signer_sealed"), unseal(row, "place_sealed"), row.replaced_at is None
    )
