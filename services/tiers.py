"""Putting a child into a tier: a dated event with reason, evidence and author; nothing is overwritten (F-04, G-09).

Out of one of the upper two a child goes only with a second person's yes: see `tier_requests`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import Assessment, CareRecord, Referral, Student, TierChange, TierState, TierSuggestion
from services import audit, clock
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotFound
from services.fields import LINE, LONG, SHORT, Checker
from services.record_views import sees_records
from services.row_filters import sees_referrals, sees_students
from services.students import lock_students
from services.tier_kinds import TierOrder, tier_order
from services.tier_requests import who_answers
from services.tier_rows import last_standing, waiting_request

LONGEST_AGO = timedelta(days=366 * 2)


class NobodyToAgree(DomainError):
    """Lowering takes a second person's yes, and there is nobody else who may give it."""


class RequestWaits(DomainError):
    """A lowering waits for the second person already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierEntry:
    """A change of a child's tier as typed; the same tier again says that it was looked at and stays."""

    tier_id: int | None = None
    from_day: date | None = None
    reason: str | None = None
    evidence: str | None = None
    record_id: int | None = None
    assessment_id: int | None = None


@dataclass(frozen=True, slots=True)
class SavedChange:
    """What became of it."""

    id: int
    waits: bool  # for the second person


@permitted(Permission.TIER_WRITE)
def set_tier(
    session: Session,
    actor: Actor,
    *,
    student_id: int,
    follows: int,
    entry: TierEntry,
    suggestion_id: int | None = None,
) -> SavedChange:
    """Put a child into a tier from a day on, or leave it in the one it holds; a lowering from the upper two waits.

    `follows` is the number of the change the form was drawn over, 0 where there was none. A suggestion that was
    taken up is ended with it, whatever tier was chosen.

    Raises:
        NotFound: there is no such child for this actor, or no such open suggestion of it.
        FieldErrors: something is missing or can't be.
        EditedMeanwhile: the child's tier was changed or looked at since; `current` is a mapping of the form's fields.
        NobodyToAgree: it takes a second person, and there is none.
        RequestWaits: a lowering waits already.
    """
    _lock_child(session, actor, student_id)
    before = last_standing(session, student_id)
    if (before.number if before else 0) != follows:
        raise EditedMeanwhile(stored_change(before), edited_by=last_editor(session, before) if before else None)
    order = tier_order(session)
    reason, evidence = _check(session, actor, student_id, entry, before, order)
    suggestion = _open_suggestion(session, student_id, suggestion_id) if suggestion_id is not None else None
    now_rank = held.rank if before and (held := order.of(before.tier_id)) else None
    chosen = order.of(entry.tier_id)
    if chosen is None or entry.from_day is None:  # refused above; said again for the types
        raise NotFound
    waits = order.takes_second(before=now_rank, after=chosen.rank)
    _settle_waiting(session, actor, student_id, is_lowering=waits)
    if waits and not who_answers(session, actor, asked_by_id=actor.user_id):
        raise NobodyToAgree
    row = TierChange(
        student_id=student_id,
        number=None if waits else follows + 1,
        follows=follows,
        tier_id=chosen.id,
        from_day=clock.today() if waits else entry.from_day,  # what waits counts from the day of the yes
        record_id=entry.record_id,
        assessment_id=entry.assessment_id,
        author_id=actor.user_id,
        recorded_at=clock.now(),
        state=TierState.WAITING if waits else TierState.STANDING,
    )
    seal(row, "reason_sealed", reason)
    seal(row, "evidence_sealed", evidence)
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # another process was faster
        raise EditedMeanwhile({}) from None
    action = audit.Action.TIER_ASKED if waits else audit.Action.TIER_SET
    audit.record(session, actor, action, target=row, student_id=student_id)  # which tier stands in no event
    if suggestion is not None:
        _end_suggestion(session, actor, suggestion, change_id=row.id)
    return SavedChange(row.id or 0, waits)


@permitted(Permission.TIER_WRITE)
def suggest_tier(
    session: Session, actor: Actor, *, student_id: int, tier_id: int, reason: str | None, source_key: str
) -> int:
    """Propose a tier with reasons, for a person to decide; return the suggestion's id.

    The same source (a screening's result) read again suggests nothing new, whatever was decided of it since.

    Raises:
        NotFound: there is no such child for this actor, or no such tier.
        FieldErrors: the reason is blank or too long.
    """
    key = source_key[: 2 * SHORT]
    known = session.exec(select(TierSuggestion.id).where(TierSuggestion.source_key == key)).first()
    if known is not None:
        return known
    check = Checker()
    text = check.required_text("reason", reason, limit=LONG)
    check.finish()
    seen = select(Student.id).where(Student.id == student_id, sees_students(actor, Subject.TIER))
    if tier_order(session).of(tier_id) is None or session.exec(seen).first() is None:
        raise NotFound
    row = TierSuggestion(
        student_id=student_id,
        tier_id=tier_id,
        source_key=key,
        suggested_by_id=actor.user_id,
        suggested_on=clock.today(),
    )
    seal(row, "reason_sealed", text)
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:  # read in by another process at the same moment
        return session.exec(select(TierSuggestion.id).where(TierSuggestion.source_key == key)).one() or 0
    audit.record(session, actor, audit.Action.TIER_SUGGESTED, target=row, student_id=student_id)
    return row.id or 0


@permitted(Permission.TIER_WRITE)
def leave_suggestion(session: Session, actor: Actor, *, suggestion_id: int, version: int, note: str | None) -> None:
    """Decide against a suggestion, with a word why; the tier stays as it is.

    Raises:
        NotFound: there is no such open suggestion for this actor.
        FieldErrors: the word is blank or too long.
        EditedMeanwhile: somebody decided it since.
    """
    check = Checker()
    text = check.required_text("note", note, limit=LINE)
    check.finish()
    seen = (
        select(TierSuggestion.id)
        .join(Student, col(Student.id) == col(TierSuggestion.student_id))
        .where(TierSuggestion.id == suggestion_id, sees_students(actor, Subject.TIER))
    )
    if session.exec(seen).first() is None:
        raise NotFound
    row = lock_version(session, TierSuggestion, suggestion_id, version=version)
    if row.ended_at is not None:
        raise NotFound
    seal(row, "note_sealed", text)
    _end_suggestion(session, actor, row, change_id=None)


def stored_change(row: TierChange | None) -> dict[str, object]:
    """Return the change that counts as its form names it: what it is drawn over, and the other side of a conflict."""
    return {
        "id": row.student_id if row else None,
        "version": (row.number or 0) if row else 0,
        "tier_id": row.tier_id if row else None,
        "held_since": row.from_day if row else None,
    }


# --- what can be saved ---


def _check(
    session: Session, actor: Actor, student_id: int, entry: TierEntry, before: TierChange | None, order: TierOrder
) -> tuple[str, str | None]:
    check, today = Checker(), clock.today()
    kept = before.tier_id if before else None
    chosen = order.of(entry.tier_id)
    if chosen is None:
        check.add("tier_id", "choice_needed")
    elif not chosen.is_offered and chosen.id != kept:
        check.add("tier_id", "unknown_choice")
    if entry.from_day is None:
        check.add("from_day", "required")
    check.not_future("from_day", entry.from_day, today=today)
    if entry.from_day is not None and before is not None and entry.from_day < before.from_day:
        check.add("from_day", "before_last_tier", day=before.from_day)
    elif entry.from_day is not None and today - entry.from_day > LONGEST_AGO:
        check.add("from_day", "too_early", day=entry.from_day)
    reason = check.required_text("reason", entry.reason, limit=LONG)
    evidence = check.text("evidence", entry.evidence, limit=LONG)
    _check_references(session, actor, check, student_id, entry)
    check.finish()
    return reason, evidence


def _check_references(session: Session, actor: Actor, check: Checker, student_id: int, entry: TierEntry) -> None:
    """What it rests on is of this child, and the actor may know of it."""
    if entry.record_id is not None:
        known = (
            select(CareRecord.id)
            .join(Student, col(Student.id) == col(CareRecord.student_id))
            .where(CareRecord.id == entry.record_id, CareRecord.student_id == student_id, sees_records(actor))
        )
        if session.exec(known).first() is None:
            check.add("record_id", "unknown_choice")
    if entry.assessment_id is not None:
        assessed = (
            select(Assessment.id)
            .join(Referral, col(Referral.id) == col(Assessment.referral_id))
            .where(Assessment.id == entry.assessment_id, Assessment.student_id == student_id, sees_referrals(actor))
        )
        if session.exec(assessed).first() is None:
            check.add("assessment_id", "unknown_choice")


def _lock_child(session: Session, actor: Actor, student_id: int) -> None:
    lock_students(session, [student_id])
    seen = select(Student.id).where(Student.id == student_id, sees_students(actor, Subject.TIER))
    if session.exec(seen).first() is None:
        raise NotFound


def _settle_waiting(session: Session, actor: Actor, student_id: int, *, is_lowering: bool) -> None:
    """A lowering that waits is asked for no more once the child was looked at again; a second one can't be asked."""
    waiting = waiting_request(session, student_id)
    if waiting is None:
        return
    if is_lowering:
        raise RequestWaits
    waiting.state, waiting.decided_at, waiting.decided_by_id = TierState.WITHDRAWN, clock.now(), actor.user_id
    waiting.version += 1
    session.add(waiting)
    session.flush()
    audit.record(session, actor, audit.Action.TIER_WITHDRAWN, target=waiting, student_id=student_id)


def _open_suggestion(session: Session, student_id: int, suggestion_id: int) -> TierSuggestion:
    row = session.exec(
        select(TierSuggestion)
        .where(TierSuggestion.id == suggestion_id, TierSuggestion.student_id == student_id)
        .with_for_update()
    ).first()
    if row is None or row.ended_at is not None:
        raise NotFound
    return row


def _end_suggestion(session: Session, actor: Actor, row: TierSuggestion, *, change_id: int | None) -> None:
    row.change_id, row.ended_at, row.ended_by_id = change_id, clock.now(), actor.user_id
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.TIER_SUGGESTION_ENDED, target=row, student_id=row.student_id)


def words_of(row: TierChange) -> tuple[str | None, str | None]:
    """Return a change's reason and evidence, for who may read them."""
    return unseal(row, "reason_sealed"), unseal(row, "evidence_sealed")
