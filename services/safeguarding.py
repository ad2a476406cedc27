"""Suspected abuse (疑似侵害): marking, what it stops, mandatory reporting."""

from datetime import datetime

from sqlmodel import Session

from db.tables import Referral, Role
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import NotAllowed, NotFound
from services.fields import LONG, Checker
from services.referrals import find_owner, hand_over_case, lock_referral, may_own, note_move


@permitted(Permission.REFERRAL_HANDLE, Permission.ABUSE_HANDLE)
def mark_suspected_abuse(session: Session, actor: Actor, *, referral_id: int, version: int) -> Referral:
    """Mark a referral; from now on only the lead and named leaders see it, and nothing goes out about the child.

    Raises:
        NotFound, EditedMeanwhile.
    """
    referral = lock_referral(session, actor, referral_id, version=version)
    if referral.is_suspected_abuse:
        return referral
    referral.is_suspected_abuse, referral.abuse_marked_at = True, clock.now()
    session.add(referral)
    audit.record(session, actor, audit.Action.ABUSE_MARKED, target=referral, student_id=referral.student_id)
    _find_who_may_own(session, actor, referral)
    return referral


def _find_who_may_own(session: Session, actor: Actor, referral: Referral) -> None:
    """After the mark changed, referral and case lie with somebody who may see them, or nobody would be asked."""
    if not may_own(session, referral.owner_id, is_suspected_abuse=referral.is_suspected_abuse):
        owner = find_owner(session, is_suspected_abuse=referral.is_suspected_abuse)
        referral.owner_id = owner.user_id if owner else None
        session.add(referral)
    hand_over_case(session, actor, referral, if_unfit=True)


@permitted(Permission.ABUSE_HANDLE)
def unmark_suspected_abuse(session: Session, actor: Actor, *, referral_id: int, version: int, reason: str) -> Referral:
    """Take the mark back, with the reason; only the lead does; who may not own it unmarked gives it away.

    Raises:
        NotAllowed: the actor is not the lead.
        FieldErrors: the reason is blank or too long.
        NotFound, EditedMeanwhile.
    """
    if not actor.has_role(Role.LEAD):
        raise NotAllowed
    check = Checker()
    text = check.required_text("reason", reason, limit=LONG)
    check.finish()
    referral = lock_referral(session, actor, referral_id, version=version)
    if not referral.is_suspected_abuse:
        raise NotFound
    referral.is_suspected_abuse = False  # abuse_marked_at stays: it once was suspected
    session.add(referral)
    note_move(session, actor, referral, from_state=referral.state, reason=text)
    _find_who_may_own(session, actor, referral)
    audit.record(session, actor, audit.Action.ABUSE_UNMARKED, target=referral, student_id=referral.student_id)
    return referral


@permitted(Permission.ABUSE_HANDLE)
def report_abuse(
    session: Session,
    actor: Actor,
    *,
    referral_id: int,
    version: int,
    police_told_at: datetime | None = None,
    authority_told_at: datetime | None = None,
) -> Referral:
    """Note when the police and the education authority were told; what was noted before stays unless told anew.

    Raises:
        FieldErrors: neither is given, or one lies in the future or before the school knew.
        NotFound: there is no marked referral for this actor.
        EditedMeanwhile.
    """
    referral = lock_referral(session, actor, referral_id, version=version)
    if not referral.is_suspected_abuse:
        raise NotFound
    check = Checker()
    for name, told_at in (("police_told_at", police_told_at), ("authority_told_at", authority_told_at)):
        if told_at is not None and told_at > clock.now():
            check.add(name, "future", day=clock.local(told_at).date())
        elif told_at is not None and clock.local(told_at).date() < referral.noticed_on:
            check.add(name, "before_noticed", day=referral.noticed_on)
    if police_told_at is None and authority_told_at is None:
        check.add("police_told_at", "report_needed")
    check.finish()
    referral.police_told_at = police_told_at or referral.police_told_at
    referral.authority_told_at = authority_told_at or referral.authority_told_at
    session.add(referral)
    audit.record(
        session,
        actor,
        audit.Action.ABUSE_REPORTED,
        target=referral,
        student_id=referral.student_id,
        police=referral.police_told_at is not None,
        authority=referral.authority_told_at is not None,
    )
    return referral
