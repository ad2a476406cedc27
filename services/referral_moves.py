"""What happens to a referral after it was registered: assessment, answers, feedback, another owner, the end of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import AppUser, Referral, ReferralChannel, ReferralState
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import DomainError, FieldErrors, NotFound, Problem
from services.fields import LONG, Checker
from services.referral_lists import follows_referrals
from services.referrals import (
    OPEN_STATES,
    IllegalMove,
    MustBeAssessed,
    StoppedForProtection,
    awaits_feedback,
    awaits_reply,
    can_be_handed_over,
    can_take,
    give_to,
    goes_outside,
    hand_over_case,
    is_stopped,
    lock_referral,
    may_own,
    may_settle,
    merged_into,
    move,
)
from services.row_filters import sees_referral_words, sees_referrals
from services.students import lock_named

FIRST_WORDS = 16


@dataclass(frozen=True, slots=True)
class MergeTarget:
    """An open referral another one could be merged into, with what tells it from the next one."""

    id: int
    received_at: datetime
    channel: ReferralChannel
    said_by: str | None
    first_words: str


class CannotMerge(DomainError):
    """Only open referrals of the same known child become one, and a protected one stays by itself."""


@permitted(Permission.REFERRAL_HANDLE)
def start_assessment(session: Session, actor: Actor, *, referral_id: int, version: int) -> Referral:
    """Begin the first assessment (D-06); whoever begins it owns the referral.

    Raises:
        NotFound, EditedMeanwhile, IllegalMove.
    """
    referral = lock_referral(session, actor, referral_id, version=version)
    move(session, actor, referral, ReferralState.IN_ASSESSMENT)
    give_to(session, referral, actor.id_of_staff)
    return referral


@permitted(Permission.REFERRAL_HANDLE)
def answer_referral(
    session: Session, actor: Actor, *, referral_id: int, version: int, answer: str, settles: bool = False
) -> Referral:
    """Note what the pupil or parent was told (D-05); an answer that settles a fresh referral ends it.

    One that was merged into another still takes its answer as long as somebody waits for it.

    Raises:
        FieldErrors: the answer is blank or too long.
        StoppedForProtection: it would go to a parent of a protected child.
        NotFound, EditedMeanwhile.
        MustBeAssessed: it is to settle what somebody must look at first.
        IllegalMove: it is to settle a referral that is no longer fresh; a merged one has its answer already.
    """
    text = _checked(answer, "answer")
    referral = lock_referral(session, actor, referral_id, version=version)
    if goes_outside(referral) and is_stopped(session, referral):
        raise StoppedForProtection
    if referral.state is ReferralState.MERGED and not awaits_reply(referral):
        raise IllegalMove(referral.state, ReferralState.ANSWERED)
    if settles:
        _check_settles(referral)
        move(session, actor, referral, ReferralState.ANSWERED)
    for each in (referral, *_told_as_well(session, referral)):
        seal(each, "answer_sealed", text)
        each.answered_at = each.answered_at or clock.now()  # the first answer is the one that counts
        session.add(each)
        audit.record(
            session, actor, audit.Action.REFERRAL_ANSWERED, target=each, student_id=each.student_id, settles=settles
        )
    return referral


def _told_as_well(session: Session, referral: Referral) -> list[Referral]:
    """Return what was merged into a child's own visit and came from the child too: answered by the same talk.

    A parent who called is not answered by what another was told; that reply stays due.
    """
    if referral.channel is not ReferralChannel.SELF:
        return []
    return [
        _raised(each)
        for each in merged_into(session, referral)
        if each.channel is ReferralChannel.SELF and awaits_reply(each)
    ]


def _raised(referral: Referral) -> Referral:
    """Raise the version: a form somebody has open on it was drawn from less."""
    referral.version += 1
    return referral


def _check_settles(referral: Referral) -> None:
    if referral.state is not ReferralState.RECEIVED:
        raise IllegalMove(referral.state, ReferralState.ANSWERED)
    if not may_settle(state=referral.state, urgency=referral.urgency, is_suspected_abuse=referral.is_suspected_abuse):
        raise MustBeAssessed


@permitted(Permission.REFERRAL_HANDLE)
def give_feedback(session: Session, actor: Actor, *, referral_id: int, version: int, feedback: str) -> Referral:
    """Tell the referring teacher fact and advice, no content (C-09), and all whose referrals were merged into this one.

    Raises:
        FieldErrors: the feedback is blank or too long.
        StoppedForProtection: the child is protected.
        NotFound: there is none the actor may handle, or no teacher referred it.
        EditedMeanwhile.
    """
    text = _checked(feedback, "feedback")
    referral = lock_referral(session, actor, referral_id, version=version)
    if is_stopped(session, referral):
        raise StoppedForProtection
    if referral.referred_by_id is None:
        raise NotFound
    parts = [_raised(each) for each in merged_into(session, referral) if awaits_feedback(each)]
    for each in (referral, *parts):
        seal(each, "feedback_sealed", text)
        each.feedback_at, each.feedback_read_at = each.feedback_at or clock.now(), None
        session.add(each)
        audit.record(session, actor, audit.Action.REFERRAL_FEEDBACK_GIVEN, target=each, student_id=each.student_id)
    return referral


@permitted(Permission.REFERRAL_READ)
def mark_feedback_read(session: Session, actor: Actor, *, referral_id: int, version: int) -> None:
    """Note that the referring teacher, and nobody for her, has read the feedback; asking twice changes nothing.

    `version` is the one she saw: where the referral was changed since, it may be the feedback, which stays unread.

    Raises:
        NotFound: it is not the actor's referral, or there is no feedback to read.
    """
    referral = session.exec(
        select(Referral)
        .where(
            Referral.id == referral_id,
            sees_referrals(actor),
            Referral.referred_by_id == actor.user_id,
            col(Referral.is_suspected_abuse).is_(False),
            col(Referral.feedback_at).is_not(None),
        )
        .with_for_update()
    ).first()
    if referral is None:
        raise NotFound
    if referral.feedback_read_at is not None or referral.version != version:
        return
    referral.feedback_read_at = clock.now()  # not an edit: the version stays, nobody's open form is outdated by it
    session.add(referral)
    audit.record(session, actor, audit.Action.REFERRAL_FEEDBACK_READ, target=referral, student_id=referral.student_id)


@permitted(Permission.REFERRAL_HANDLE, Permission.ABUSE_HANDLE)
def hand_over(session: Session, actor: Actor, *, referral_id: int, version: int, to_user_id: int) -> Referral:
    """Give a referral, its open case and what was merged into it to somebody else whom `can_take` names.

    Raises:
        FieldErrors: that person can't take it.
        IllegalMove: it is over, and nothing is left to do.
        NotFound, EditedMeanwhile.
    """
    referral = lock_referral(session, actor, referral_id, version=version)
    if not may_own(session, to_user_id, is_suspected_abuse=referral.is_suspected_abuse):
        raise FieldErrors({"to_user": Problem("cannot_take")})
    if not can_be_handed_over(referral):
        raise IllegalMove(referral.state, referral.state)
    before = referral.owner_id
    give_to(session, referral, to_user_id)
    audit.record(
        session,
        actor,
        audit.Action.REFERRAL_HANDED_OVER,
        target=referral,
        student_id=referral.student_id,
        before=before,
        after=to_user_id,
    )
    hand_over_case(session, actor, referral)
    return referral


@permitted(Permission.REFERRAL_HANDLE, Permission.ABUSE_HANDLE)
def list_takers(session: Session, actor: Actor, *, is_suspected_abuse: bool) -> dict[int, str]:
    """Return who could take a referral: id and name."""
    rows = session.exec(
        select(AppUser.id, AppUser.display_name)
        .where(can_take(is_suspected_abuse=is_suspected_abuse))
        .order_by(col(AppUser.name_order), col(AppUser.id))
    ).all()
    return {user_id: name for user_id, name in rows if user_id is not None}


@permitted(Permission.REFERRAL_HANDLE)
def decline(session: Session, actor: Actor, *, referral_id: int, version: int, reason: str) -> Referral:
    """End a referral without a case, with the reason.

    Raises:
        FieldErrors: the reason is blank or too long.
        StoppedForProtection: abuse is suspected; the lead takes the mark back first.
        NotFound, EditedMeanwhile, IllegalMove.
    """
    text = _checked(reason, "reason")
    referral = lock_referral(session, actor, referral_id, version=version)
    if referral.is_suspected_abuse:
        raise StoppedForProtection
    move(session, actor, referral, ReferralState.DECLINED, reason=text)
    return referral


@permitted(Permission.REFERRAL_HANDLE)
def merge(session: Session, actor: Actor, *, referral_id: int, version: int, into_id: int) -> Referral:
    """Make a referral part of another open one of the same child; what that one leads to counts for both.

    Its teacher reads the feedback given there; who waits for an answer or feedback is waited on until there is one.

    Raises:
        CannotMerge: the other is of another child, no longer open, or this one is protected.
        NotFound: the actor may not handle one of the two.
        EditedMeanwhile, IllegalMove.
    """
    # Both in one order, or two that are merged into each other would wait for each other.
    lock_named(session, select(Referral.student_id).where(col(Referral.id).in_((referral_id, into_id))))
    both = select(Referral.id).where(col(Referral.id).in_((referral_id, into_id)))
    session.exec(both.order_by(col(Referral.id)).with_for_update()).all()
    referral = lock_referral(session, actor, referral_id, version=version)
    target = session.exec(
        select(Referral).where(Referral.id == into_id, sees_referrals(actor)).with_for_update()
    ).first()
    if target is None or not sees_referral_words(actor, target):
        raise NotFound
    same_child = referral.student_id is not None and target.student_id == referral.student_id
    if not same_child or target.id == referral.id or target.state not in OPEN_STATES or referral.is_suspected_abuse:
        raise CannotMerge
    referral.merged_into_id = target.id
    with session.no_autoflush:  # state and target change in one statement, as the table's check demands
        move(session, actor, referral, ReferralState.MERGED)
    give_to(session, referral, target.owner_id)
    return referral


@permitted(Permission.REFERRAL_HANDLE)
def list_merge_targets(session: Session, actor: Actor, *, referral_id: int) -> list[MergeTarget]:
    """Return the open referrals this one could be merged into; hidden ones are not among them."""
    student_id = session.exec(
        select(Referral.student_id).where(Referral.id == referral_id, sees_referrals(actor))
    ).first()
    if student_id is None:
        return []
    conditions: list[ColumnElement[bool]] = [
        col(Referral.student_id) == student_id,
        col(Referral.id) != referral_id,
        col(Referral.state).in_(OPEN_STATES),
        follows_referrals(actor),
    ]
    found: Any = session.exec(
        select(Referral, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(Referral.referred_by_id), isouter=True)
        .where(*conditions)
        .order_by(col(Referral.received_at), col(Referral.id))
    ).all()
    return [_merge_target(referral, name) for referral, name in found]


def _merge_target(referral: Referral, referrer: str | None) -> MergeTarget:
    words = " ".join((unseal(referral, "facts_sealed") or "").split())
    return MergeTarget(
        id=referral.id or 0,
        received_at=referral.received_at,
        channel=referral.channel,
        said_by=referrer or unseal(referral, "speaker_sealed"),
        first_words=words if len(words) <= FIRST_WORDS else f"{words[:FIRST_WORDS].rstrip('，。；、 ')}…",
    )


def _checked(text: str, field: str) -> str:
    check = Checker()
    cleaned = check.required_text(field, text, limit=LONG)
    check.finish()
    return cleaned
