"""Referring a child out of the school: with consent or in an emergency, then answer, follow-up, end (C-08, C-09)."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, func, select

from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    Case,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    OutwardContact,
    OutwardFollowUp,
    OutwardOutcome,
    OutwardReferral,
    OutwardTarget,
    Referral,
    Student,
    Urgency,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.agreements import check_agreement
from services.case_stages import require_open
from services.consents import current_consent
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotFound
from services.fields import LINE, LONG, Checker
from services.outward_forms import is_of_care_room
from services.outward_views import StoredOutward, stored_follow_up, stored_outward
from services.referrals import knows_of_abuse
from services.row_filters import sees_cases, sees_outward, sees_students
from services.students import lock_named, lock_students

LONGEST_AGO_DAYS = 366


class OutwardEnded(DomainError):
    """It has ended; what was written stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutwardEntry:
    """What somebody types about a referral out."""

    target_kind: OutwardTarget | None = None
    target: str | None = None
    contact: str | None = None
    reason: str | None = None
    handed: str | None = None
    urgency: Urgency | None = Urgency.ORDINARY
    referred_on: date | None = None
    owner_id: int | None = None
    emergency: str | None = None  # why no consent could be waited for; blank where there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpEntry:
    """What somebody types about one follow-up."""

    day: date | None = None
    contact: OutwardContact | None = None
    words: str | None = None
    agreed_with_id: int | None = None  # who of the care room's heads said yes, where it reaches the family


@dataclass(frozen=True, slots=True, kw_only=True)
class OutwardEnding:
    """How it ended, as typed."""

    outcome: OutwardOutcome | None = None
    ended_on: date | None = None
    words: str | None = None


@permitted(Permission.OUTWARD_REFER)
def refer_out(
    session: Session, actor: Actor, *, student_id: int, entry: OutwardEntry, case_id: int | None = None
) -> int:
    """Write down that a child is referred to a body outside; from now on somebody follows it (C-08).

    It rests upon the family's consent to it. Without one, and against a refusal, only where the child is in danger,
    with the reason why nobody could wait.

    Raises:
        NotFound: the child or the case is not this actor's to see.
        CaseClosed: the case is closed; the child can be referred out without it.
        FieldErrors: something is missing or can't be: no consent, and no danger.
    """
    lock_students(session, {student_id})
    if session.exec(select(Student.id).where(Student.id == student_id, sees_students(actor))).first() is None:
        raise NotFound
    if case_id is not None:
        _require_case(session, actor, case_id, student_id)
    consent = current_consent(session, student_id=student_id, purpose=ConsentPurpose.REFERRAL)
    check = Checker()
    texts = _check(session, check, entry)
    _check_owner(session, actor, check, entry.owner_id, case_id=case_id)
    emergency = _check_consent(check, entry, consent)
    check.finish()
    row = OutwardReferral(
        student_id=student_id,
        case_id=case_id,
        owner_id=entry.owner_id or actor.id_of_staff,
        target_kind=entry.target_kind or OutwardTarget.OTHER,
        urgency=entry.urgency or Urgency.ORDINARY,
        referred_on=entry.referred_on or clock.today(),
        consent_on=consent.day if consent and emergency is None else None,
        is_emergency=emergency is not None,
        recorded_by_id=actor.user_id,
        recorded_at=clock.now(),
    )
    _seal_all(row, texts | {"emergency": emergency})
    session.add(row)
    session.flush()
    _note(session, actor, audit.Action.OUTWARD_MADE, row, state=row.target_kind.value)
    return row.id or 0


@permitted(Permission.OUTWARD_REFER)
def change_outward(session: Session, actor: Actor, *, outward_id: int, version: int, entry: OutwardEntry) -> None:
    """Put right what is written of one, or give it to another to follow; what it rests upon stays as it was.

    Raises:
        NotFound, OutwardEnded: there is none of this actor's, or it has ended.
        FieldErrors: something is missing or can't be.
        EditedMeanwhile: somebody saved it since; `current` is a StoredOutward.
    """
    row = _locked(session, actor, outward_id, version)
    check = Checker()
    texts = _check(session, check, entry, before=row)
    if entry.owner_id != row.owner_id:
        _check_owner(session, actor, check, entry.owner_id, case_id=row.case_id)
    if row.consent_on and entry.referred_on and entry.referred_on < row.consent_on:
        check.add("referred_on", "before_consent", day=row.consent_on)
    if row.is_emergency:
        texts["emergency"] = check.required_text("emergency", entry.emergency, limit=LONG)
    check.finish()
    row.target_kind, row.urgency = entry.target_kind or row.target_kind, entry.urgency or row.urgency
    row.referred_on, row.owner_id = entry.referred_on or row.referred_on, entry.owner_id or row.owner_id
    _seal_all(row, texts)
    session.add(row)
    session.flush()
    _note(session, actor, audit.Action.OUTWARD_CHANGED, row)


@permitted(Permission.OUTWARD_REFER)
def record_answer(
    session: Session, actor: Actor, *, outward_id: int, version: int, answered_on: date | None, answer: str | None
) -> None:
    """Write down what the body answered, or put it right (C-08); the next follow-up counts from that day.

    Raises:
        NotFound, OutwardEnded, EditedMeanwhile: as `change_outward`.
        FieldErrors: day or words are missing or can't be.
    """
    row = _locked(session, actor, outward_id, version)
    check = Checker()
    _check_day(check, "answered_on", answered_on, row)
    words = check.required_text("answer", answer, limit=LONG)
    check.finish()
    row.answered_on = answered_on
    seal(row, "answer_sealed", words)
    session.add(row)
    session.flush()
    _note(session, actor, audit.Action.OUTWARD_ANSWERED, row, day=answered_on)


@permitted(Permission.OUTWARD_REFER)
def save_follow_up(
    session: Session,
    actor: Actor,
    *,
    outward_id: int,
    entry: FollowUpEntry,
    follow_up_id: int | None = None,
    version: int | None = None,
) -> int:
    """Write down one follow-up, or put one right (C-09).

    Raises:
        NotFound, OutwardEnded: there is none of this actor's, or it has ended; no such follow-up.
        FieldErrors: something is missing or can't be: a family reached without a head's yes, whoever's child.
        EditedMeanwhile: somebody saved the follow-up since; `current` is a StoredFollowUp.
    """
    row = _found(session, actor, outward_id)
    drawn = _locked_follow_up(session, outward_id, follow_up_id, version) if follow_up_id is not None else None
    check = Checker()
    _check_day(check, "day", entry.day, row)
    if entry.contact is None:
        check.add("contact", "required")
    words = check.required_text("words", entry.words, limit=LONG)
    agreed_with_id = None
    if entry.contact is OutwardContact.FAMILY:
        agreed_with_id = check_agreement(
            session, actor, check, agreed_with_id=entry.agreed_with_id,
            before_id=drawn.agreed_with_id if drawn else None,
            is_same_contact=drawn is not None and (drawn.contact, drawn.day) == (entry.contact, entry.day),
        )  # fmt: skip
    check.finish()
    if entry.day is None or entry.contact is None:  # refused above; said again for the types
        raise NotFound
    step = drawn or OutwardFollowUp(
        outward_id=outward_id, day=entry.day, contact=entry.contact, taken_by_id=actor.user_id, recorded_at=clock.now()
    )
    step.day, step.contact, step.agreed_with_id = entry.day, entry.contact, agreed_with_id
    seal(step, "words_sealed", words)
    session.add(step)
    session.flush()
    last = select(func.max(OutwardFollowUp.day)).where(OutwardFollowUp.outward_id == outward_id)
    row.last_followed_on = session.exec(last).one()
    session.add(row)
    session.flush()
    _note(session, actor, audit.Action.OUTWARD_FOLLOWED, row, state=entry.contact.value, day=entry.day)
    return step.id or 0


@permitted(Permission.OUTWARD_REFER)
def end_outward(session: Session, actor: Actor, *, outward_id: int, version: int, entry: OutwardEnding) -> None:
    """Say how it ended; nobody follows it any more.

    Raises:
        NotFound, OutwardEnded, EditedMeanwhile: as `change_outward`.
        FieldErrors: something is missing or can't be: taken over by a body that never answered.
    """
    row = _locked(session, actor, outward_id, version)
    check = Checker()
    if entry.outcome is None:
        check.add("outcome", "choice_needed")
    elif entry.outcome in (OutwardOutcome.TAKEN_OVER, OutwardOutcome.NO_NEED) and row.answered_on is None:
        check.add("outcome", "not_answered_yet")
    _check_day(check, "ended_on", entry.ended_on, row)
    last = max((day for day in (row.answered_on, row.last_followed_on) if day), default=None)
    if last is not None and entry.ended_on is not None and entry.ended_on < last:
        check.add("ended_on", "before_step", day=last)
    words = check.required_text("words", entry.words, limit=LONG)
    check.finish()
    row.outcome, row.ended_on = entry.outcome, entry.ended_on
    seal(row, "ending_sealed", words)
    session.add(row)
    session.flush()
    _note(
        session, actor, audit.Action.OUTWARD_ENDED, row, state=str(entry.outcome), day=entry.ended_on
    )  # fmt: skip


# --- what can be saved ---


def _check(
    session: Session, check: Checker, entry: OutwardEntry, before: OutwardReferral | None = None
) -> dict[str, str | None]:
    """Return the texts tidied, noting what is wrong."""
    if entry.target_kind is None:
        check.add("target_kind", "required")
    if entry.urgency is None:
        check.add("urgency", "required")
    if entry.referred_on is None:
        check.add("referred_on", "required")
    check.not_future("referred_on", entry.referred_on, today=clock.today())
    if entry.referred_on is not None and (clock.today() - entry.referred_on).days > LONGEST_AGO_DAYS:
        check.add("referred_on", "too_early", day=entry.referred_on)
    first = min((day for day in (before.answered_on, before.last_followed_on) if day), default=None) if before else None
    if entry.referred_on is not None and first is not None and entry.referred_on > first:
        check.add("referred_on", "after_step", day=first)
    return {
        "target": check.required_text("target", entry.target, limit=LINE),
        "contact": check.text("contact", entry.contact, limit=LINE),
        "reason": check.required_text("reason", entry.reason, limit=LONG),
        "handed": check.text("handed", entry.handed, limit=LONG),
    }


def _check_owner(session: Session, actor: Actor, check: Checker, owner_id: int | None, *, case_id: int | None) -> None:
    """Somebody of the care room follows it; out of a marked case somebody who may know (D-08).

    Whoever can't open the case any more, because it was marked since, is refused nothing by the mark (0018).
    """
    if owner_id is None:
        return
    follows = select(AppUser.id).where(AppUser.id == owner_id, col(AppUser.is_active), is_of_care_room())
    if session.exec(follows).first() is None:
        check.add("owner_id", "unknown_choice")
    is_marked = (
        select(Case.id)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.id == case_id, col(Referral.is_suspected_abuse), sees_cases(actor))
    )
    may_know = select(AppUser.id).where(AppUser.id == owner_id, knows_of_abuse())
    if session.exec(is_marked).first() is not None and session.exec(may_know).first() is None:
        check.add("owner_id", "leaders_only")


def _check_consent(check: Checker, entry: OutwardEntry, consent: Consent | None) -> str | None:
    """Return why it is an emergency; None where the family consents to it."""
    reason = check.text("emergency", entry.emergency, limit=LONG)
    if consent is not None and consent.answer is ConsentAnswer.GIVEN:
        if entry.referred_on is None or consent.day <= entry.referred_on:
            return None
        if reason is None:
            check.add("referred_on", "before_consent", day=consent.day)
            return None
    if reason is None:
        check.add("emergency", "no_consent" if consent is None else "consent_refused")
    elif entry.urgency is not Urgency.DANGER:
        check.add("urgency", "exception_needs_danger")
    return reason


def _check_day(check: Checker, field: str, day: date | None, row: OutwardReferral) -> None:
    if day is None:
        check.add(field, "required")
    check.not_future(field, day, today=clock.today())
    if day is not None and day < row.referred_on:
        check.add(field, "before_referred", day=row.referred_on)


def _seal_all(row: OutwardReferral, texts: dict[str, str | None]) -> None:
    for name, text in texts.items():
        seal(row, f"{name}_sealed", text)


# --- which rows ---


def _require_case(session: Session, actor: Actor, case_id: int, student_id: int) -> None:
    of_child = (
        select(Case)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.id == case_id, Case.student_id == student_id, sees_cases(actor))
        .with_for_update(of=Case)  # it may be closed in this moment
    )
    case = session.exec(of_child).first()
    if case is None:
        raise NotFound
    require_open(case)


def _found(session: Session, actor: Actor, outward_id: int) -> OutwardReferral:
    """Return one that goes on and is this actor's, its child locked before it, as a merge does."""
    lock_named(session, select(OutwardReferral.student_id).where(OutwardReferral.id == outward_id))
    row = session.exec(
        select(OutwardReferral)
        .where(OutwardReferral.id == outward_id, sees_outward(actor))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise NotFound
    if row.ended_on is not None:
        raise OutwardEnded
    return row


def _locked(session: Session, actor: Actor, outward_id: int, version: int) -> OutwardReferral:
    _found(session, actor, outward_id)
    try:
        return lock_version(session, OutwardReferral, outward_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(_current(error.current), edited_by=last_editor(session, error.current)) from None


def _current(row: OutwardReferral) -> dict[str, object]:
    """Return what stands there now for whichever form was open: the facts, the answer."""
    stored: StoredOutward = stored_outward(row)
    return {name: getattr(stored, name) for name in StoredOutward.__slots__} | {
        "answered_on": row.answered_on,
        "answer": unseal(row, "answer_sealed"),
    }


def _locked_follow_up(session: Session, outward_id: int, follow_up_id: int, version: int | None) -> OutwardFollowUp:
    row = session.get(OutwardFollowUp, follow_up_id)
    if row is None or row.outward_id != outward_id:
        raise NotFound
    try:
        return lock_version(session, OutwardFollowUp, follow_up_id, version=version or 0)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(stored_follow_up(error.current), edited_by=last_editor(session, error.current)) from None


def _note(
    session: Session,
    actor: Actor,
    action: audit.Action,
    row: OutwardReferral,
    *,
    state: str | None = None,
    day: date | None = None,
) -> None:
    audit.record(
        session,
        actor,
        action,
        target=row,
        student_id=row.student_id,
        state=state,
        day=day.isoformat() if day else None,
    )
