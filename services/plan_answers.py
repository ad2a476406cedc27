"""Saying yes to the plan of a severe case, or returning it with the reason: the lead, and never to one's own (D-08).

Whoever wrote at the version, or submitted it, is asked no more. Where that is every lead there is, the second person
says it (the post, else a leader named for suspected abuse), as far as they may know of such a case at all.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.sealing import seal
from db.tables import AppUser, Case, PlanAuthor, PlanState, PlanVersion, Referral, SupportPlan
from services import audit, clock, plans
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import NotFound
from services.fields import LONG, Checker
from services.plans import Place, begin_to_count, lock_plan
from services.second_answers import is_head, may_answer_for, second_answerers


@permitted(Permission.PLAN_ANSWER)
def answer_plan(
    session: Session, actor: Actor, *, plan_id: int, version: int, is_approved: bool | None, words: str | None
) -> None:
    """Approve a submitted plan, which puts it in force, or return it; returned it needs the reason.

    Raises:
        NotFound: none is waiting for this actor's answer.
        FieldErrors: neither is chosen, or the reason is missing or too long.
        EditedMeanwhile: it was taken back, answered or written at since it was read.
    """
    place = find_waiting(session, actor, plan_id)
    check = Checker()
    if is_approved is None:
        check.add("answer", "required")
    text = check.text("words", words, limit=LONG, required=is_approved is False)
    check.finish()
    lock_plan(session, plan_id, version=version)
    latest = plans.latest_version(session, plan_id)
    if latest is None or latest.state is not PlanState.SUBMITTED or not may_answer(session, actor, latest, place):
        raise NotFound
    latest.answered_by_id, latest.answered_at = actor.id_of_staff, clock.now()
    seal(latest, "answer_sealed", text)
    if is_approved:
        begin_to_count(session, actor, place, latest)
        return
    latest.state = PlanState.RETURNED
    session.add(latest)
    audit.record(session, actor, audit.Action.PLAN_RETURNED, target=place.plan, student_id=place.student_id,
                 count=latest.number)  # fmt: skip


def find_waiting(session: Session, actor: Actor, plan_id: int) -> Place:
    """Return where a submitted plan belongs, for who is asked about it; for services that hold the permission.

    Raises:
        NotFound: none is waiting for this actor.
    """
    found = session.exec(submitted().where(SupportPlan.id == plan_id)).first()
    if found is None:
        raise NotFound
    version, plan, case, is_protected = found
    place = Place(plan.student_id, case, bool(is_protected), plan)
    if not may_answer(session, actor, version, place):
        raise NotFound
    return place


def may_answer(session: Session, actor: Actor, version: PlanVersion, place: Place) -> bool:
    """Say whether a submitted version waits for this person."""
    return any(user_id == actor.user_id for user_id, _ in who_answers(session, actor, version, place))


def who_answers(session: Session, actor: Actor, version: PlanVersion, place: Place) -> Sequence[tuple[int, str]]:
    """Return who can answer a version, by id and name: leads that had no hand in it, else the second person.

    Its statements are those of `second_answerers`; nobody, where the school has named none.
    """
    allowed = may_answer_for(Permission.PLAN_ANSWER, is_protected=place.is_protected)
    return second_answerers(session, actor, apart=~has_hand_in(version.id), allowed=allowed)


def has_hand_in(version_id: Any) -> ColumnElement[bool]:  # a number or a column
    """Return the filter on accounts of who wrote at a version or submitted it."""
    own = aliased(PlanVersion)
    wrote = select(PlanAuthor.user_id).where(col(PlanAuthor.plan_version_id) == version_id).correlate(PlanVersion)
    submitted_it = (
        select(own.submitted_by_id)
        .where(col(own.id) == version_id, col(own.submitted_by_id).is_not(None))
        .correlate(PlanVersion)
    )
    return or_(col(AppUser.id).in_(wrote), col(AppUser.id).in_(submitted_it))


def submitted() -> Any:  # a Select of what waits for an answer, and where it belongs
    """Return the query of versions that wait, each with its plan, its case and the mark on that."""
    return (
        select(PlanVersion, SupportPlan, Case, Referral.is_suspected_abuse)
        .join(SupportPlan, col(SupportPlan.id) == col(PlanVersion.plan_id))
        .join(Case, col(Case.id) == col(SupportPlan.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(PlanVersion.state == PlanState.SUBMITTED, col(Case.closed_at).is_(None))
    )


def has_no_free_lead() -> ColumnElement[bool]:
    """Return the filter on versions that every active lead had a hand in: somebody else is asked."""
    free = select(AppUser.id).where(is_head(), ~has_hand_in(col(PlanVersion.id)))
    return ~free.correlate(PlanVersion).exists()


def is_own(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on versions this person had a hand in."""
    wrote = select(PlanAuthor.plan_version_id).where(PlanAuthor.user_id == actor.user_id)
    return or_(col(PlanVersion.id).in_(wrote), func.coalesce(col(PlanVersion.submitted_by_id) == actor.user_id, False))
