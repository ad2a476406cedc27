"""Consent of a family, purpose by purpose: given, refused or withdrawn, and the one answer that counts now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, not_, or_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import AppUser, Consent, ConsentAnswer, ConsentPurpose, Student
from services import audit, clock
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.errors import EditedMeanwhile, NotFound
from services.fields import LINE, SHORT, Checker
from services.row_filters import sees_students
from services.student_rights import require_writable


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One answer, as lists show it."""

    id: int
    purpose: ConsentPurpose
    answer: ConsentAnswer
    day: date
    by_whom: str | None
    evidence: str | None
    recorded_by: str | None
    is_current: bool


def current_answer(session: Session, *, student_id: int, purpose: ConsentPurpose) -> ConsentAnswer | None:
    """Return what a family says now about a purpose; None: nobody has asked.

    The one place that knows: screening, counselling, referrals and photographs ask here before they act.
    """
    current = current_consent(session, student_id=student_id, purpose=purpose)
    return current.answer if current else None


def list_refusals(
    session: Session, *, student_ids: Collection[int], purpose: ConsentPurpose, on: date
) -> tuple[date, ...]:
    """Return since when families refused a purpose on a day, as they had answered by then; one statement.

    Nobody asked is no refusal. What was done before it stands; an answer since doesn't allow what was refused then.
    """
    newer = aliased(Consent)
    answered_again = select(newer.id).where(
        col(newer.student_id) == col(Consent.student_id),
        col(newer.purpose) == col(Consent.purpose),
        col(newer.day) <= on,
        or_(
            col(newer.day) > col(Consent.day), and_(col(newer.day) == col(Consent.day), col(newer.id) > col(Consent.id))
        ),
    )
    refused = select(col(Consent.day)).where(
        col(Consent.student_id).in_(student_ids),
        Consent.purpose == purpose,
        col(Consent.answer).in_((ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN)),
        col(Consent.day) <= on,
        not_(answered_again.correlate(Consent).exists()),
    )
    return tuple(session.exec(refused.order_by(col(Consent.day))).all())


def has_consent(purpose: ConsentPurpose) -> ColumnElement[bool]:
    """Return the row filter on Student: whose family agrees to a purpose now."""
    agreed = select(Consent.student_id).where(
        Consent.purpose == purpose, Consent.answer == ConsentAnswer.GIVEN, col(Consent.replaced_at).is_(None)
    )
    return col(Student.id).in_(agreed)


@permitted(Permission.CONSENT_WRITE)
def list_consents(session: Session, actor: Actor, *, student_id: int) -> tuple[ConsentLine, ...]:
    """Return every answer of a child's family, the newest first; one statement.

    Children whose categories the actor may not see have none here.
    """
    rows = session.exec(
        select(Consent, AppUser.display_name)
        .join(Student, col(Student.id) == col(Consent.student_id))
        .join(AppUser, col(AppUser.id) == col(Consent.recorded_by_id), isouter=True)
        .where(Consent.student_id == student_id, sees_students(actor), sees_students(actor, Subject.CATEGORY))
        .order_by(col(Consent.day).desc(), col(Consent.id).desc())
    ).all()
    return tuple(_line(row, name) for row, name in rows)


@permitted(Permission.CONSENT_WRITE)
def record_consent(
    session: Session,
    actor: Actor,
    *,
    student_id: int,
    purpose: ConsentPurpose | None,
    answer: ConsentAnswer | None,
    day: date | None,
    by_whom: str | None,
    evidence: str | None = None,
    replaces_id: int | None = None,
) -> int:
    """Record what a family says from a day on; the answer before stays in the history.

    `replaces_id` is the answer the form was drawn from, None where there was none.

    Raises:
        NotFound, NotAllowed: the child is not this actor's to write.
        FieldErrors: something is missing or can't be: nothing to withdraw, a day before the last answer.
        EditedMeanwhile: somebody recorded an answer since; `current` is a ConsentLine.
    """
    require_writable(session, actor, student_id, Permission.CONSENT_WRITE)
    child = session.exec(select(Student).where(Student.id == student_id).with_for_update(key_share=True)).one()
    before = current_consent(session, student_id=student_id, purpose=purpose)
    if purpose is not None:
        _refuse_outdated(session, before, replaces_id)
    said = _checked(purpose, answer, day, by_whom=by_whom, evidence=evidence, before=before, born_on=child.birth_day)
    if before is not None:
        before.replaced_at = clock.now()
        session.add(before)
        session.flush()  # at most one answer counts
    row = Consent(
        student_id=student_id,
        purpose=said.purpose,
        answer=said.answer,
        day=said.day,
        recorded_by_id=actor.user_id,
        recorded_at=clock.now(),
    )
    seal(row, "by_whom_sealed", said.by_whom)
    seal(row, "evidence_sealed", said.evidence)
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # recorded by another process since it was looked up
        raise EditedMeanwhile({}) from None
    audit.record(
        session,
        actor,
        audit.Action.CONSENT_RECORDED,
        target=row,
        student_id=student_id,
        purpose=said.purpose.value,
        state=said.answer.value,
    )
    return row.id or 0


def _refuse_outdated(session: Session, before: Consent | None, replaces_id: int | None) -> None:
    """Refuse an answer that doesn't follow the one the form was drawn from."""
    if (before.id if before else None) == replaces_id:
        return
    recorder = session.get(AppUser, before.recorded_by_id) if before and before.recorded_by_id else None
    who = recorder.display_name if recorder else None
    raise EditedMeanwhile(_line(before, who) if before else {}, edited_by=who)


@dataclass(frozen=True, slots=True)
class _Said:
    """A checked answer."""

    purpose: ConsentPurpose
    answer: ConsentAnswer
    day: date
    by_whom: str
    evidence: str | None


def _checked(
    purpose: ConsentPurpose | None,
    answer: ConsentAnswer | None,
    day: date | None,
    *,
    by_whom: str | None,
    evidence: str | None,
    before: Consent | None,
    born_on: date,
) -> _Said:
    check = Checker()
    if purpose is None:
        check.add("purpose", "required")
    if answer is None:
        check.add("answer", "required")
    elif answer is ConsentAnswer.WITHDRAWN and (before is None or before.answer is not ConsentAnswer.GIVEN):
        check.add("answer", "nothing_to_withdraw")
    who_said = check.required_text("by_whom", by_whom, limit=SHORT)
    words = check.text("evidence", evidence, limit=LINE)
    if day is None:
        check.add("day", "required")
    check.not_future("day", day, today=clock.today())
    earliest = before.day if before else born_on
    if day is not None and day < earliest:
        check.add("day", "before_last", day=earliest)
    check.finish()
    if purpose is None or answer is None or day is None:  # refused above; said again for the types
        raise NotFound
    return _Said(purpose, answer, day, who_said, words)


def current_consent(session: Session, *, student_id: int, purpose: ConsentPurpose | None) -> Consent | None:
    """Return the answer that counts now, for what rests upon it; None: nobody has asked."""
    return session.exec(
        select(Consent).where(
            Consent.student_id == student_id, Consent.purpose == purpose, col(Consent.replaced_at).is_(None)
        )
    ).first()


def _line(row: Consent, recorded_by: str | None) -> ConsentLine:
    return ConsentLine(
        id=row.id or 0,
        purpose=row.purpose,
        answer=row.answer,
        day=row.day,
        by_whom=unseal(row, "by_whom_sealed"),
        evidence=unseal(row, "evidence_sealed"),
        recorded_by=recorded_by,
        is_current=row.replaced_at is None,
    )
