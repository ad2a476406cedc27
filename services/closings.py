"""Closing a case and opening it again: asked by who follows it, agreed to by somebody else, looked after (I-25).

Who answers: a head of the room who did not ask; where there is none, the second person, as far as they may know of such
a case at all. The yes alone closes: it writes `closed_at`, and ends the plan. docs/decisions/0031 says what a closed
case still takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, true
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.sealing import seal
from db.tables import (
    Case,
    CaseClosure,
    ClosingOutcome,
    ClosingState,
    PlanState,
    PlanVersion,
    Referral,
    Role,
    SupportPlan,
)
from services import audit, clock, second_answers
from services.access import Permission, permitted
from services.actors import Actor
from services.closing_checks import check_case, unmet_now
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotAllowed, NotFound
from services.fields import LONG, Checker
from services.row_filters import sees_cases
from services.second_answers import Answerers, may_answer_for
from services.students import lock_named

FURTHEST_FOLLOW_UP = timedelta(days=366)
PLAN_ENDED = "个案结案，方案随之结束。"


class NobodyToClose(DomainError):
    """Closing takes a second person's yes, and there is nobody who could give it."""


class ClosingWaits(DomainError):
    """It was asked for already, and waits for the answer."""


class ClosingOutdated(DomainError):
    """Since it was asked something came up that whoever asked did not answer for."""


@dataclass(frozen=True, slots=True)
class ClosingEntry:
    """What is said of why a case is closed."""

    outcome: ClosingOutcome | None
    reason: str | None
    follow_up_on: date | None
    despite: str | None = None  # why, though something of the list is missing


@permitted(Permission.CASE_READ)
def ask_to_close(session: Session, actor: Actor, *, case_id: int, version: int, entry: ClosingEntry) -> int:
    """Ask for a second person's yes to closing a case; return the request (I-25).

    Raises:
        NotFound: there is no open case this actor may open.
        NotAllowed: it is somebody else's case.
        NobodyToClose: nobody could say yes.
        ClosingWaits: it was asked for already.
        FieldErrors: a part is missing or can't be.
        EditedMeanwhile: somebody changed the case since the form was drawn.
    """
    case, is_protected = _found(session, actor, case_id, is_closed=False)
    if waiting_closure(session, case_id) is not None:
        raise ClosingWaits
    unmet = [line.code for line in check_case(session, actor, case_id=case_id) if not line.is_met]
    reason, despite = _check(entry, is_lacking=bool(unmet))
    _lock_case(session, case, version=version)
    if not who_answers(session, actor, asked_by_id=actor.user_id, is_protected=is_protected):
        raise NobodyToClose
    row = CaseClosure(
        case_id=case_id,
        outcome=entry.outcome or ClosingOutcome.BETTER,
        missing=",".join(unmet),
        follow_up_on=entry.follow_up_on,
        asked_by_id=actor.id_of_staff,
        asked_at=clock.now(),
    )
    seal(row, "reason_sealed", reason)
    seal(row, "despite_sealed", despite)
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # another process was faster
        raise ClosingWaits from None
    _note(session, actor, audit.Action.CASE_CLOSING_ASKED, row, case)
    return row.id or 0


@permitted(Permission.CASE_CLOSE)
def answer_closing(
    session: Session, actor: Actor, *, closing_id: int, version: int, is_agreed: bool | None, note: str | None
) -> None:
    """Say yes, which closes the case and ends its plan, or no, with the reason.

    Raises:
        NotFound: none waits for this actor's answer.
        FieldErrors: neither is chosen, or the reason of the no is missing or too long.
        ClosingOutdated: something came up since that the request does not answer for.
        EditedMeanwhile: it was taken back or answered since it was read.
    """
    row, case, _ = find_waiting(session, actor, closing_id)
    check = Checker()
    if is_agreed is None:
        check.add("answer", "required")
    words = check.text("note", note, limit=LONG, required=is_agreed is False)
    check.finish()
    row = _lock(session, row, case, version=version)
    if row.state is not ClosingState.WAITING or case.closed_at is not None:
        raise NotFound
    if is_agreed and not unmet_now(session, case_id=row.case_id) <= set(row.missing.split(",")):
        raise ClosingOutdated
    row.state = ClosingState.AGREED if is_agreed else ClosingState.DECLINED
    row.decided_by_id, row.decided_at = actor.id_of_staff, clock.now()
    seal(row, "note_sealed", words)
    session.add(row)
    if is_agreed:
        case.closed_at, case.version = row.decided_at, case.version + 1
        session.add(case)
        _end_plan(session, actor, row.case_id)
    session.flush()
    action = audit.Action.CASE_CLOSED if is_agreed else audit.Action.CASE_CLOSING_DECLINED
    _note(session, actor, action, row, case)


@permitted(Permission.CASE_READ)
def withdraw_closing(session: Session, actor: Actor, *, closing_id: int, version: int) -> None:
    """Take a request back before it was answered.

    Raises:
        NotFound: there is none that waits, in a case this actor may open.
        NotAllowed: it is somebody else's case.
        EditedMeanwhile: it was answered since it was read.
    """
    row = session.get(CaseClosure, closing_id)
    if row is None or row.state is not ClosingState.WAITING:
        raise NotFound
    case, _ = _found(session, actor, row.case_id, is_closed=False)
    row = _lock(session, row, case, version=version)
    if row.state is not ClosingState.WAITING:
        raise NotFound
    row.state, row.decided_by_id, row.decided_at = ClosingState.WITHDRAWN, actor.id_of_staff, clock.now()
    session.add(row)
    session.flush()
    _note(session, actor, audit.Action.CASE_CLOSING_WITHDRAWN, row, case)


@permitted(Permission.CASE_READ)
def reopen_case(session: Session, actor: Actor, *, case_id: int, version: int, reason: str | None) -> None:
    """Open a closed case again, with the reason; it needs a plan anew.

    Raises:
        NotFound: there is no closed case this actor may open.
        NotAllowed: it is somebody else's case.
        FieldErrors: the reason is missing or too long.
        EditedMeanwhile: somebody changed the case since the form was drawn.
    """
    case, _ = _found(session, actor, case_id, is_closed=True)
    check = Checker()
    words = check.required_text("reason", reason, limit=LONG)
    check.finish()
    case = _lock_case(session, case, version=version)
    row = standing_closure(session, case_id)
    if row is None:
        raise NotFound
    row.reopened_at, row.reopened_by_id, row.version = clock.now(), actor.user_id, row.version + 1
    seal(row, "reopen_reason_sealed", words)
    case.closed_at = None
    session.add(row)
    session.add(case)
    session.flush()
    _note(session, actor, audit.Action.CASE_REOPENED, row, case)


@permitted(Permission.CASE_READ)
def record_follow_up(
    session: Session, actor: Actor, *, closing_id: int, version: int, day: date | None, words: str | None
) -> None:
    """Write down how the child is doing some time after closing (I-25); whoever is not well is opened again.

    Raises:
        NotFound: there is no such closed case this actor may open.
        NotAllowed: it is somebody else's case.
        FieldErrors: day or words are missing or can't be.
        EditedMeanwhile: it stands written down already, or somebody opened the case again since it was read.
    """
    row = session.get(CaseClosure, closing_id)
    if row is None:
        raise NotFound
    case, _ = _found(session, actor, row.case_id, is_closed=True)
    check = Checker()
    if day is None:
        check.add("day", "required")
    check.not_future("day", day, today=clock.today())
    closed_on = clock.local(case.closed_at).date() if case.closed_at else clock.today()
    if day is not None and day < closed_on:
        check.add("day", "before_closing", day=closed_on)
    text = check.required_text("words", words, limit=LONG)
    check.finish()
    row = _lock(session, row, case, version=version)
    if row.state is not ClosingState.AGREED or row.reopened_at is not None:
        raise NotFound
    if row.followed_on is not None:  # what somebody heard of the child is never written over
        raise EditedMeanwhile({}, edited_by=last_editor(session, row))
    row.followed_on, row.followed_by_id = day, actor.user_id
    seal(row, "follow_up_sealed", text)
    session.add(row)
    session.flush()
    _note(session, actor, audit.Action.CASE_FOLLOWED_UP, row, case)


# --- who, and which ---


def follows_case(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on cases this person asks to close, opens again and looks after: the own, the head's all."""
    return true() if actor.has_role(Role.LEAD) else col(Case.owner_id) == actor.user_id


def who_answers(
    session: Session, actor: Actor, *, asked_by_id: int | None, is_protected: bool
) -> Sequence[tuple[int, str]]:
    """Return who can answer a request, by id and name: heads that did not ask, else the second person; nobody at worst.

    Its statements are those of `second_answers.read_answerers`.
    """
    return read_answerers(session, actor, is_protected=is_protected).of(asked_by_id)


def read_answerers(session: Session, actor: Actor, *, is_protected: bool) -> Answerers:
    """Return who answers requests to close, of whoever asked; of marked cases, only who knows of them."""
    allowed = may_answer_for(Permission.CASE_CLOSE, is_protected=is_protected)
    return second_answers.read_answerers(session, actor, allowed=allowed)


def find_waiting(session: Session, actor: Actor, closing_id: int) -> tuple[CaseClosure, Case, bool]:
    """Return a request that waits for this person, its case, and whether that is marked; for services that may.

    Raises:
        NotFound: none waits for this actor.
    """
    found = session.exec(
        select(CaseClosure, Case, Referral.is_suspected_abuse)
        .join(Case, col(Case.id) == col(CaseClosure.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(CaseClosure.id == closing_id, CaseClosure.state == ClosingState.WAITING)
    ).first()
    if found is None:
        raise NotFound
    row, case, is_protected = found
    answerers = who_answers(session, actor, asked_by_id=row.asked_by_id, is_protected=bool(is_protected))
    if all(user_id != actor.user_id for user_id, _ in answerers):
        raise NotFound
    return row, case, bool(is_protected)


def waiting_closure(session: Session, case_id: int) -> CaseClosure | None:
    """Return the request that waits for an answer."""
    return session.exec(
        select(CaseClosure).where(CaseClosure.case_id == case_id, CaseClosure.state == ClosingState.WAITING)
    ).first()


def standing_closure(session: Session, case_id: int) -> CaseClosure | None:
    """Return the closing that counts, if the case is closed."""
    return session.exec(
        select(CaseClosure).where(
            CaseClosure.case_id == case_id,
            CaseClosure.state == ClosingState.AGREED,
            col(CaseClosure.reopened_at).is_(None),
        )
    ).first()


def _found(session: Session, actor: Actor, case_id: int, *, is_closed: bool) -> tuple[Case, bool]:
    closed = col(Case.closed_at)
    found: Any = session.exec(
        select(Case, Referral.is_suspected_abuse, follows_case(actor).label("follows"))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.id == case_id, closed.is_not(None) if is_closed else closed.is_(None), sees_cases(actor))
    ).first()
    if found is None:
        raise NotFound
    if not found.follows:
        raise NotAllowed
    return found[0], bool(found.is_suspected_abuse)


def _check(entry: ClosingEntry, *, is_lacking: bool) -> tuple[str, str | None]:
    check, today = Checker(), clock.today()
    if entry.outcome is None:
        check.add("outcome", "choice_needed")
    reason = check.required_text("reason", entry.reason, limit=LONG)
    day = entry.follow_up_on
    if day is None and entry.outcome is not ClosingOutcome.LEFT:
        check.add("follow_up_on", "required")
    elif day is not None and day <= today:
        check.add("follow_up_on", "not_after_today", day=day)
    elif day is not None and day > today + FURTHEST_FOLLOW_UP:
        check.add("follow_up_on", "too_far", day=day)
    despite = check.text("despite", entry.despite, limit=LONG, required=is_lacking)
    check.finish()
    return reason, despite if is_lacking else None


def _lock_case(session: Session, case: Case, *, version: int) -> Case:
    """Lock the child, then its case, as whoever merges does; only if it is still the one that was drawn."""
    lock_named(session, select(Case.student_id).where(Case.id == case.id))
    try:
        return lock_version(session, Case, case.id or 0, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile({}, edited_by=last_editor(session, error.current)) from None


def _lock(session: Session, row: CaseClosure, case: Case, *, version: int) -> CaseClosure:
    lock_named(session, select(Case.student_id).where(Case.id == case.id))
    session.refresh(case, with_for_update={"key_share": True})
    try:
        return lock_version(session, CaseClosure, row.id or 0, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile({}, edited_by=last_editor(session, error.current)) from None


def _end_plan(session: Session, actor: Actor, case_id: int) -> None:
    """End what is in force, and what was on its way: a reopened case gets a plan of its own."""
    plan = session.exec(select(SupportPlan).where(SupportPlan.case_id == case_id).with_for_update()).first()
    if plan is None:
        return
    living = (PlanState.IN_FORCE, PlanState.DRAFT, PlanState.SUBMITTED)
    for version in session.exec(
        select(PlanVersion).where(PlanVersion.plan_id == plan.id, col(PlanVersion.state).in_(living))
    ):
        version.state, version.ended_at, version.ended_by_id = PlanState.ENDED, clock.now(), actor.user_id
        seal(version, "end_reason_sealed", PLAN_ENDED)
        session.add(version)
    plan.version += 1  # whoever writes at it in this moment sees that it has ended
    session.add(plan)


def _note(session: Session, actor: Actor, action: audit.Action, row: CaseClosure, case: Case) -> None:
    audit.record(session, actor, action, target=case, student_id=case.student_id, state=row.outcome.value)
