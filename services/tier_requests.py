"""Lowering a child from one of the upper two tiers: asked by one person, answered by another (design §4).

Who answers: a head of the room; where none but who asks is there, whoever gives the second yes at this school. Nobody
answers their own. The answer shows what it needs, and nothing else of the child.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import AppUser, ClassMembership, SchoolClass, Student, TierChange, TierState
from services import audit, clock
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, NotAllowed, NotFound
from services.fields import LINE, Checker
from services.row_filters import sees_students
from services.second_answers import may_answer_for, read_answerers
from services.students import is_in_class, lock_named, shown_class
from services.tier_rows import last_standing


@dataclass(frozen=True, slots=True)
class TierRequest:
    """A lowering as whoever answers it reads it."""

    id: int
    version: int
    student_id: int
    child: str
    class_label: str
    from_tier_id: int | None
    to_tier_id: int
    reason: str | None
    evidence: str | None
    asked_by: str | None
    asked_at: datetime


@permitted(Permission.TIER_AGREE)
def find_request(session: Session, actor: Actor, *, change_id: int) -> TierRequest:
    """Return a lowering that waits for this person's answer.

    Raises:
        NotFound: there is none.
    """
    author = aliased(AppUser)
    columns: list[Any] = [
        TierChange, Student.name, Student.state, SchoolClass.grade, SchoolClass.number, author.display_name,
    ]  # fmt: skip
    found = session.execute(
        select(*columns)
        .select_from(TierChange)
        .join(Student, col(Student.id) == col(TierChange.student_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(author, col(author.id) == col(TierChange.author_id), isouter=True)
        .where(TierChange.id == change_id, TierChange.state == TierState.WAITING)
    ).first()
    if found is None or not may_answer(session, actor, found[0].author_id):
        raise NotFound
    row: TierChange = found[0]
    before = last_standing(session, row.student_id)
    return TierRequest(
        id=row.id or 0,
        version=row.version,
        student_id=row.student_id,
        child=found[1],
        class_label=shown_class(found[3], found[4], found[2]),
        from_tier_id=before.tier_id if before else None,
        to_tier_id=row.tier_id,
        reason=unseal(row, "reason_sealed"),
        evidence=unseal(row, "evidence_sealed"),
        asked_by=found[5],
        asked_at=row.recorded_at,
    )


@permitted(Permission.TIER_AGREE)
def agree_to_lower(session: Session, actor: Actor, *, change_id: int, version: int) -> None:
    """Give the second yes; the lighter tier counts from today.

    Raises:
        NotFound: there is no such request for this person, or it was answered or taken back.
        EditedMeanwhile: somebody was faster.
    """
    row = _locked(session, actor, change_id, version)
    before = last_standing(session, row.student_id)
    if (before.number if before else 0) != row.follows:  # never: a change that counts takes the request back
        raise NotFound
    row.number, row.from_day = row.follows + 1, clock.today()
    _decide(session, actor, row, TierState.STANDING)
    audit.record(session, actor, audit.Action.TIER_AGREED, target=row, student_id=row.student_id)


@permitted(Permission.TIER_AGREE)
def decline_to_lower(session: Session, actor: Actor, *, change_id: int, version: int, note: str | None) -> None:
    """Say no, with the reason; the child stays in its tier.

    Raises:
        NotFound, EditedMeanwhile: as `agree_to_lower`.
        FieldErrors: the reason is blank or too long.
    """
    check = Checker()
    text = check.required_text("note", note, limit=LINE)
    check.finish()
    row = _locked(session, actor, change_id, version)
    seal(row, "note_sealed", text)
    _decide(session, actor, row, TierState.DECLINED)
    audit.record(session, actor, audit.Action.TIER_DECLINED, target=row, student_id=row.student_id)


@permitted(Permission.TIER_WRITE)
def withdraw_request(session: Session, actor: Actor, *, change_id: int, version: int) -> None:
    """Take back a lowering that was asked for.

    Raises:
        NotFound: there is no such request for this actor, or it was answered.
        NotAllowed: somebody else asked.
        EditedMeanwhile: somebody was faster.
    """
    seen = (
        select(TierChange.author_id)
        .join(Student, col(Student.id) == col(TierChange.student_id))
        .where(TierChange.id == change_id, sees_students(actor, Subject.TIER))
    )
    found = session.exec(seen).all()
    if not found:
        raise NotFound
    if found[0] != actor.user_id:
        raise NotAllowed
    row = _lock(session, change_id, version)
    _decide(session, actor, row, TierState.WITHDRAWN)
    audit.record(session, actor, audit.Action.TIER_WITHDRAWN, target=row, student_id=row.student_id)


def may_answer(session: Session, actor: Actor, author_id: int | None) -> bool:
    """Say whether what somebody asked waits for this person."""
    return any(user_id == actor.user_id for user_id, _ in who_answers(session, actor, asked_by_id=author_id))


def who_answers(session: Session, actor: Actor, *, asked_by_id: int | None) -> Sequence[tuple[int, str]]:
    """Return who can answer a lowering, by id and name: heads that did not ask, else the second person."""
    return read_answerers(session, actor, allowed=may_be_asked()).of(asked_by_id)


def may_be_asked() -> ColumnElement[bool]:
    """Return the filter on accounts that may answer a lowering at all."""
    return may_answer_for(Permission.TIER_AGREE)


def _lock(session: Session, change_id: int, version: int) -> TierChange:
    lock_named(session, select(TierChange.student_id).where(TierChange.id == change_id))
    try:
        row = lock_version(session, TierChange, change_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile({}, edited_by=last_editor(session, error.current)) from None
    if row.state is not TierState.WAITING:
        raise NotFound
    return row


def _locked(session: Session, actor: Actor, change_id: int, version: int) -> TierChange:
    author = session.exec(
        select(TierChange.author_id).where(TierChange.id == change_id, TierChange.state == TierState.WAITING)
    ).all()
    if not author:
        raise NotFound
    if not may_answer(session, actor, author[0]):
        raise NotFound  # as `find_request`: that a child's tier waits for somebody is told to nobody else
    return _lock(session, change_id, version)


def _decide(session: Session, actor: Actor, row: TierChange, state: TierState) -> None:
    row.state, row.decided_by_id, row.decided_at = state, actor.user_id, clock.now()
    session.add(row)
    session.flush()
