"""What stands beside the form of a referral: what saving it would lead to, and the last time anybody spoke up."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from db.tables import (
    Referral,
    ReferralChannel,
    ReferralState,
    Role,
)
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.intake import ReferralRequest
from services.referral_lists import shown_state
from services.referrals import (
    find_owner,
    may_settle,
)
from services.regulations import deadlines
from services.row_filters import sees_referrals


class ParentsStep(StrEnum):
    """What happens about the parents once a referral is registered."""

    AFTER_ASSESSMENT = "after_assessment"
    REPLY = "reply"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class WhatFollows:
    """What a referral leads to, told before it is saved."""

    owner_name: str | None
    owner_is_lead: bool
    assessment_due_at: datetime | None
    reply_due_at: datetime | None
    feedback_due_at: datetime | None
    parents: ParentsStep
    noticed_late: bool  # later than the clause asks of a teacher (D-09)
    proves: tuple[str, ...] = field(default=())
    proves_not: tuple[str, ...] = field(default=())


@permitted(Permission.REFERRAL_REGISTER)
def what_follows(session: Session, actor: Actor, *, request: ReferralRequest) -> WhatFollows:
    """Tell what saving this would lead to; half-filled forms are fine."""
    calendar = load_calendar(session)
    channel = request.channel or ReferralChannel.OBSERVATION
    received_at = min(request.received_at or clock.now(), clock.now())  # a later one is refused on saving
    owner = find_owner(session, is_suspected_abuse=request.is_suspected_abuse)
    is_settled = request.is_answered and may_settle(
        state=ReferralState.RECEIVED, urgency=request.urgency, is_suspected_abuse=request.is_suspected_abuse
    )
    assessment_due = deadlines.assessment_due(received_at=received_at, urgency=request.urgency, calendar=calendar)
    reply_due = deadlines.reply_due(received_at=received_at, channel=channel, calendar=calendar)
    feedback_due = deadlines.feedback_due(received_at=received_at, channel=channel, calendar=calendar)
    if request.is_answered or request.is_suspected_abuse:
        reply_due = feedback_due = None
    if request.referred_by_id is None and (request.speaker or "").strip():
        feedback_due = None  # a teacher without account: nothing here would reach her
    proves, proves_not = _proof(request)
    return WhatFollows(
        owner_name=owner.display_name if owner else None,
        owner_is_lead=owner is not None and owner.role is Role.LEAD,
        assessment_due_at=None if is_settled else assessment_due,
        reply_due_at=reply_due,
        feedback_due_at=feedback_due,
        parents=_parents_step(request),
        noticed_late=request.noticed_on is not None
        and channel is ReferralChannel.TEACHER
        and received_at > deadlines.teacher_referral_due(noticed_on=request.noticed_on, calendar=calendar),
        proves=proves,
        proves_not=proves_not,
    )


def _parents_step(request: ReferralRequest) -> ParentsStep:
    if request.is_suspected_abuse:
        return ParentsStep.STOPPED
    if request.channel is ReferralChannel.PARENT and not request.is_answered:
        return ParentsStep.REPLY
    return ParentsStep.AFTER_ASSESSMENT


def _proof(request: ReferralRequest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the clauses this entry proves and those it doesn't yet."""
    has_parts = bool(request.student_id and (request.facts or "").strip() and (request.background or "").strip())
    kept = {
        "D-01": request.channel is not None,
        "D-03": has_parts,
        "D-04": request.is_answered,
    }
    proves = tuple(clause for clause, is_kept in kept.items() if is_kept)
    return proves, tuple(clause for clause, is_kept in kept.items() if not is_kept)


@dataclass(frozen=True, slots=True)
class EarlierReferral:
    """The last time somebody spoke of a child, for the side of the form."""

    id: int
    received_at: datetime
    channel: ReferralChannel
    state: ReferralState


@permitted(Permission.REFERRAL_REGISTER)
def find_earlier(session: Session, actor: Actor, *, student_id: int) -> EarlierReferral | None:
    """Return the newest referral of a child that the actor may know of with its state."""
    row = session.exec(
        select(Referral.id, Referral.received_at, Referral.channel, shown_state(actor))
        .where(Referral.student_id == student_id, sees_referrals(actor))
        .order_by(col(Referral.received_at).desc())
        .limit(1)
    ).first()
    return EarlierReferral(row[0] or 0, row[1], ReferralChannel(row[2]), ReferralState(row[3])) if row else None
