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
from services.access import Permission, allows, is_protection_leader, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.errors import NotFound
from services.openings import is_noted
from services.referral_lists import detailed, follows_referrals, may_follow, names_of, steps_of
from services.referrals import (
    LEGAL_MOVES,
    OPEN_STATES,
    awaits_feedback,
    awaits_reply,
    can_be_handed_over,
    goes_outside,
    may_complete,
    may_settle,
)
from services.regulations.deadlines import Deadline
from services.row_filters import grounds_for, sees_cases, sees_referral_words, sees_referrals


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
    child, label = names_of(actor, found)
    has_words, sees_progress = sees_referral_words(actor, referral), may_follow(actor, referral)
    progress = _progress(session, actor, found) if sees_progress else {}
    acts = _acts(actor, referral, is_stopped=bool(found.is_stopped), case_id=progress.get("case_id"))
    if ReferralAct.MERGE in acts and not _has_merge_target(session, actor, referral):
        acts -= {ReferralAct.MERGE}
    return ReferralView(
        id=referral_id,
        version=referral.version,
        student_id=referral.student_id if found.may_name or is_protection_leader(actor) else None,
        child=child,
        class_label=label,
        channel=referral.channel,
        way=referral.way,
        state=ReferralState(found.shown),
        urgency=referral.urgency,
        received_at=referral.received_at,
        acts=acts,
        has_words=has_words,
        is_opening_noted=has_words
        and is_noted(session, actor, audit.Action.REFERRAL_OPENED, record=(Referral, referral_id)),
        **(_NOTHING_SAID | _said(actor, found, has_words=has_words)),
        **(_NO_PROGRESS | progress),
        **(_protection(referral) if is_protection_leader(actor) else _NO_PROTECTION),
    )


# What of a view is left out together: each stands for "not for this actor".
_NOTHING_SAID: dict[str, Any] = dict.fromkeys((
    "child_label", "noticed_on", "referred_by_name", "speaker", "registered_by_name", "parents_informed", "facts",
    "child_words", "background", "tried", "feedback_at", "feedback",
))  # fmt: skip
_NO_PROGRESS: dict[str, Any] = {
    **dict.fromkeys(("owner_id", "owner_name", "answered_at", "answer", "merged_into_id", "case_id")),
    "is_stopped": False,
    "deadlines": (),
}
_NO_PROTECTION: dict[str, Any] = {
    **dict.fromkeys(("abuse_marked_at", "police_told_at", "authority_told_at")),
    "is_suspected_abuse": False,
}


def _said(actor: Actor, found: Any, *, has_words: bool) -> dict[str, Any]:  # Any: a row of detailed
    """Return what was said: all of it, or to whom it came from only who said it and the feedback."""
    referral: Referral = found[0]
    is_own = actor.user_id in (referral.referred_by_id, referral.registered_by_id)
    said: dict[str, Any] = {}
    if has_words or is_own:
        said |= {"referred_by_name": found.referrer_name, "registered_by_name": found.registrar_name}
    if has_words or (is_own and not referral.is_suspected_abuse):
        said |= {"feedback_at": referral.feedback_at, "feedback": unseal(referral, "feedback_sealed")}
    if has_words:
        sealed = ("child_label", "speaker", "facts", "child_words", "background", "tried")
        said |= {name: unseal(referral, f"{name}_sealed") for name in sealed}
        said |= {"noticed_on": referral.noticed_on, "parents_informed": referral.parents_informed}
    return said


def _progress(session: Session, actor: Actor, found: Any) -> dict[str, Any]:  # Any: a row of detailed
    """Return how a referral stands, for who follows it."""
    referral: Referral = found[0]
    assessed_at, case_id = _what_came_of_it(session, actor, referral)
    steps = steps_of(
        referral,
        now=clock.now(),
        calendar=load_calendar(session),
        is_stopped=bool(found.is_stopped),
        assessed_at=assessed_at,
    )
    return {
        "owner_id": referral.owner_id,
        "owner_name": found.owner_name,
        "answered_at": referral.answered_at,
        "answer": unseal(referral, "answer_sealed"),
        "is_stopped": bool(found.is_stopped),
        "merged_into_id": _followed(session, actor, referral.merged_into_id),
        "case_id": case_id,
        "deadlines": tuple(steps),
    }


def _followed(session: Session, actor: Actor, referral_id: int | None) -> int | None:
    """Return the referral this one went into, if the actor may open it: it may be protected by now."""
    if referral_id is None:
        return None
    return session.exec(select(Referral.id).where(Referral.id == referral_id, follows_referrals(actor))).first()


def _has_merge_target(session: Session, actor: Actor, referral: Referral) -> bool:
    """Say whether `list_merge_targets` would name any."""
    others = select(Referral.id).where(
        Referral.student_id == referral.student_id,
        Referral.id != referral.id,
        col(Referral.state).in_(OPEN_STATES),
        follows_referrals(actor),
    )
    return session.exec(others.limit(1)).first() is not None


def _protection(referral: Referral) -> dict[str, Any]:
    return {
        "is_suspected_abuse": referral.is_suspected_abuse,
        "abuse_marked_at": referral.abuse_marked_at,
        "police_told_at": referral.police_told_at,
        "authority_told_at": referral.authority_told_at,
    }


@permitted(Permission.ABUSE_HANDLE)
def find_marked(session: Session, actor: Actor, *, referral_id: int) -> ReferralView:
    """Return one referral about suspected abuse, for who handles these.

    Raises:
        NotFound: there is none, or it is not marked any more.
    """
    view = find_referral(session, actor, referral_id=referral_id)
    if not view.is_suspected_abuse:
        raise NotFound
    return view


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
    elif may_complete(referral):
        acts.add(ReferralAct.CHANGE)
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
    if not is_protection_leader(actor):  # nothing moved: the mark was taken back, with a reason that tells of it
        steps = [(step, name) for step, name in steps if step.from_state is not step.to_state]
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
