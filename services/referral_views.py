"""Reading one referral: the details and acts this actor has, with nothing in them that the actor may not see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    Case,
    ParentsInformed,
    Referral,
    ReferralChannel,
    ReferralMove,
    ReferralState,
    ReferralWay,
    Role,
    Urgency,
)
from services import audit, clock
from services.access import (
    Permission,
    allows,
    grounds_for,
    is_protection_leader,
    permitted,
    sees_cases,
    sees_referral_words,
    sees_referrals,
)
from services.actors import Actor
from services.calendar import load_calendar
from services.errors import NotFound
from services.openings import is_noted
from services.referral_lists import detailed, may_follow, names_of, steps_of
from services.referrals import (
    LEGAL_MOVES,
    awaits_feedback,
    awaits_reply,
    can_be_handed_over,
    goes_outside,
    may_settle,
)
from services.regulations.deadlines import Deadline


class ReferralAct(StrEnum):
    """What somebody may do with a referral as it stands."""

    START_ASSESSMENT = "start_assessment"
    ASSESS = "assess"
    ANSWER = "answer"
    SETTLE = "settle"  # an answer that ends it
    GIVE_FEEDBACK = "give_feedback"
    READ_FEEDBACK = "read_feedback"
    CHANGE = "change"
    MATCH_CHILD = "match_child"
    HAND_OVER = "hand_over"
    DECLINE = "decline"
    MERGE = "merge"
    MARK_ABUSE = "mark_abuse"
    REPORT_ABUSE = "report_abuse"
    UNMARK_ABUSE = "unmark_abuse"
    OPEN_CASE = "open_case"


@dataclass(frozen=True, slots=True)
class ReferralView:
    """One referral as this actor may see it; what is not for the actor is None."""

    id: int
    version: int
    student_id: int | None
    child: str | None
    class_label: str | None
    child_label: str | None
    channel: ReferralChannel
    way: ReferralWay | None
    state: ReferralState
    urgency: Urgency
    received_at: datetime
    noticed_on: date | None
    referred_by_name: str | None
    speaker: str | None
    registered_by_name: str | None
    owner_id: int | None
    owner_name: str | None
    parents_informed: ParentsInformed | None
    facts: str | None
    child_words: str | None
    background: str | None
    tried: str | None
    answered_at: datetime | None
    answer: str | None
    feedback_at: datetime | None
    feedback: str | None
    is_suspected_abuse: bool
    is_stopped: bool
    abuse_marked_at: datetime | None
    police_told_at: datetime | None
    authority_told_at: datetime | None
    merged_into_id: int | None
    case_id: int | None
    deadlines: tuple[Deadline, ...]
    acts: frozenset[ReferralAct]
    has_words: bool
    is_opening_noted: bool


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One step of a referral."""

    at: datetime
    by_name: str
    from_state: ReferralState | None
    to_state: ReferralState
    reason: str | None


@permitted(Permission.REFERRAL_READ, Permission.ABUSE_HANDLE)
def find_referral(session: Session, actor: Actor, *, referral_id: int) -> ReferralView:
    """Return one referral with what this actor may see of it, and what the actor may do.

    Raises:
        NotFound: there is none this actor may know of.
    """
    found = session.exec(detailed(actor).where(Referral.id == referral_id, sees_referrals(actor))).first()
    if found is None:
        raise NotFound
    referral: Referral = found[0]
    calendar, now = load_calendar(session), clock.now()
    child, label = names_of(actor, found)
    has_words, sees_progress = sees_referral_words(actor, referral), may_follow(actor, referral)
    is_own = actor.user_id in (referral.referred_by_id, referral.registered_by_id)
    reads_feedback = has_words or (is_own and not referral.is_suspected_abuse)
    assessed_at, case_id = _what_came_of_it(session, actor, referral) if sees_progress else (None, None)

    def words(column: str, *, if_allowed: bool = has_words) -> str | None:
        return unseal(referral, column) if if_allowed else None

    return ReferralView(
        id=referral_id,
        version=referral.version,
        student_id=referral.student_id if found.may_name or is_protection_leader(actor) else None,
        child=child,
        class_label=label,
        child_label=words("child_label_sealed"),
        channel=referral.channel,
        way=referral.way,
        state=ReferralState(found.shown),
        urgency=referral.urgency,
        received_at=referral.received_at,
        noticed_on=referral.noticed_on if has_words else None,
        referred_by_name=found.referrer_name if has_words or is_own else None,
        speaker=words("speaker_sealed"),
        registered_by_name=found.registrar_name if has_words or is_own else None,
        owner_id=referral.owner_id if sees_progress else None,
        owner_name=found.owner_name if sees_progress else None,
        parents_informed=referral.parents_informed if has_words else None,
        facts=words("facts_sealed"),
        child_words=words("child_words_sealed"),
        background=words("background_sealed"),
        tried=words("tried_sealed"),
        answered_at=referral.answered_at if sees_progress else None,
        answer=words("answer_sealed", if_allowed=sees_progress),
        feedback_at=referral.feedback_at if reads_feedback else None,
        feedback=words("feedback_sealed", if_allowed=reads_feedback),
        is_suspected_abuse=referral.is_suspected_abuse and is_protection_leader(actor),
        is_stopped=bool(found.is_stopped) and sees_progress,
        abuse_marked_at=referral.abuse_marked_at if is_protection_leader(actor) else None,
        police_told_at=referral.police_told_at if is_protection_leader(actor) else None,
        authority_told_at=referral.authority_told_at if is_protection_leader(actor) else None,
        merged_into_id=referral.merged_into_id if sees_progress else None,
        case_id=case_id,
        deadlines=tuple(
            steps_of(referral, now=now, calendar=calendar, is_stopped=bool(found.is_stopped), assessed_at=assessed_at)
            if sees_progress
            else ()
        ),
        acts=_acts(actor, referral, is_stopped=bool(found.is_stopped), case_id=case_id),
        has_words=has_words,
        is_opening_noted=has_words
        and is_noted(session, actor, audit.Action.REFERRAL_OPENED, record=(Referral, referral_id)),
    )


@permitted(Permission.REFERRAL_READ, Permission.ABUSE_HANDLE)
def note_opening(session: Session, actor: Actor, *, referral_id: int) -> None:
    """Note that the actor opened a referral's words: once per person, referral and 30 minutes.

    Raises:
        NotFound: there is none whose words this actor may read.
    """
    # The row is locked, so that two tabs of one person don't both note it.
    referral = session.exec(
        select(Referral).where(Referral.id == referral_id, sees_referrals(actor)).with_for_update()
    ).first()
    if referral is None or not sees_referral_words(actor, referral):
        raise NotFound
    if not is_noted(session, actor, audit.Action.REFERRAL_OPENED, record=(Referral, referral_id)):
        known = referral.student_id
        audit.record(
            session,
            actor,
            audit.Action.REFERRAL_OPENED,
            target=referral,
            student_id=known,
            grounds=grounds_for(session, actor, student_id=known) if known else None,
        )


def _what_came_of_it(session: Session, actor: Actor, referral: Referral) -> tuple[datetime | None, int | None]:
    """Return when the referral was assessed, and its case if the actor may open it."""
    may_open: Any = sees_cases(actor).label("may_open")
    opened = session.exec(
        select(Case.opened_at, Case.id, may_open)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.referral_id == referral.id)
    ).first()
    if opened is None:
        return None, None
    return opened[0], opened[1] if opened[2] else None


def _acts(actor: Actor, referral: Referral, *, is_stopped: bool, case_id: int | None) -> frozenset[ReferralAct]:
    """Return what this actor may do with a referral in this state."""
    acts: set[ReferralAct] = set()
    has_referred = actor.user_id is not None and actor.user_id == referral.referred_by_id
    is_for_leaders = referral.is_suspected_abuse
    if has_referred and referral.feedback_at and not referral.feedback_read_at and not is_for_leaders:
        acts.add(ReferralAct.READ_FEEDBACK)
    if not sees_referral_words(actor, referral):
        return frozenset(acts)
    if allows(actor, Permission.REFERRAL_HANDLE):
        acts |= _handling_acts(referral, is_stopped=is_stopped)
    if is_for_leaders and allows(actor, Permission.ABUSE_HANDLE):
        acts |= {ReferralAct.REPORT_ABUSE, ReferralAct.HAND_OVER}
        if actor.has_role(Role.LEAD):
            acts.add(ReferralAct.UNMARK_ABUSE)
    if case_id is not None:
        acts.add(ReferralAct.OPEN_CASE)
    return frozenset(acts)


def _handling_acts(referral: Referral, *, is_stopped: bool) -> set[ReferralAct]:
    """Return what the care room may do, by state."""
    acts = _telling_acts(referral, is_stopped=is_stopped)
    next_states = LEGAL_MOVES[referral.state]
    if can_be_handed_over(referral):
        acts.add(ReferralAct.HAND_OVER)
    if referral.state is not ReferralState.MERGED:
        acts.add(ReferralAct.CHANGE)
        if not referral.is_suspected_abuse:
            acts.add(ReferralAct.MARK_ABUSE)
    if ReferralState.IN_ASSESSMENT in next_states:
        acts.add(ReferralAct.START_ASSESSMENT)
    if ReferralState.ROUTED in next_states:
        acts.add(ReferralAct.ASSESS)
    if ReferralState.DECLINED in next_states and not referral.is_suspected_abuse:
        acts.add(ReferralAct.DECLINE)
        if referral.student_id is not None:
            acts.add(ReferralAct.MERGE)
    if referral.student_id is None and referral.state not in {ReferralState.ROUTED, ReferralState.MERGED}:
        acts.add(ReferralAct.MATCH_CHILD)
    return acts


def _telling_acts(referral: Referral, *, is_stopped: bool) -> set[ReferralAct]:
    """Return what may be told to whom: of a merged one only what somebody still waits for."""
    acts: set[ReferralAct] = set()
    is_merged = referral.state is ReferralState.MERGED
    if referral.channel is ReferralChannel.TEACHER:
        if referral.referred_by_id is not None and not is_stopped and (not is_merged or awaits_feedback(referral)):
            acts.add(ReferralAct.GIVE_FEEDBACK)
    elif not (is_stopped and goes_outside(referral)) and (not is_merged or awaits_reply(referral)):
        acts.add(ReferralAct.ANSWER)
        if may_settle(state=referral.state, urgency=referral.urgency, is_suspected_abuse=referral.is_suspected_abuse):
            acts.add(ReferralAct.SETTLE)
    return acts


@permitted(Permission.REFERRAL_READ, Permission.ABUSE_HANDLE)
def list_moves(session: Session, actor: Actor, *, referral_id: int) -> Sequence[MoveRow]:
    """Return the steps of a referral, the oldest first; who may see only that it was received sees the first.

    Raises:
        NotFound: there is none this actor may know of.
    """
    referral = session.exec(select(Referral).where(Referral.id == referral_id, sees_referrals(actor))).first()
    if referral is None:
        raise NotFound
    steps = session.exec(
        select(ReferralMove, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(ReferralMove.by_id))
        .where(ReferralMove.referral_id == referral_id)
        .order_by(col(ReferralMove.id))
    ).all()
    sees_all = may_follow(actor, referral)
    return [
        MoveRow(
            at=step.at,
            by_name=name,
            from_state=step.from_state,
            to_state=step.to_state if sees_all else ReferralState.RECEIVED,
            reason=unseal(step, "reason_sealed") if sees_all else None,
        )
        for step, name in (steps if sees_all else steps[:1])
    ]
