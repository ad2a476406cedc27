"""Support plans (帮扶方案): written, put in force, changed with the reason, ended; every version is kept (I-01, I-03).

draft → in force → replaced | ended; of a severe case draft → submitted → in force | returned. What was returned stays
as it was, and the next one is a version of its own. What somebody else says to it stands in `plan_answers`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, or_, select

from db.sealing import seal
from db.tables import (
    Case,
    PlanAuthor,
    PlanKind,
    PlanMeasure,
    PlanState,
    PlanVersion,
    Referral,
    Role,
    Severity,
    Student,
    SupportPlan,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.case_stages import require_open
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotAllowed, NotFound
from services.fields import LONG, Checker, clean
from services.plan_checks import check_plan, review_within
from services.plan_contents import PlanEntry, as_stored, from_version, to_json
from services.plan_parts import put_in_force
from services.row_filters import sees_cases, sees_plans, sees_students
from services.student_rights import still_there
from services.students import lock_named


class PlanWaits(DomainError):
    """It lies with who approves it; to go on writing, it is taken back first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plan belongs: a child, its case if it has one, and the plan itself if there is one yet."""

    student_id: int
    case: Case | None
    is_protected: bool
    plan: SupportPlan | None

    @property
    def needs_approval(self) -> bool:
        """Whether somebody else has to say yes: to every plan of a severe case."""
        return self.case is not None and self.case.severity is Severity.SERIOUS


@permitted(Permission.CASE_READ)
def save_case_plan(
    session: Session, actor: Actor, *, case_id: int, version: int, entry: PlanEntry, is_final: bool = False
) -> int:
    """Save the plan of a case as a draft, or finally: in force at once, of a severe case to be approved (I-01, D-08).

    A plan in force stays as it is until then; from the second version on the reason is asked for. Returns the plan.

    Raises:
        NotFound: there is no open case this actor may open.
        PlanWaits: it was submitted.
        FieldErrors: a part is missing or can't be.
        EditedMeanwhile: somebody wrote at it since the form was drawn.
    """
    found = session.exec(_of_case().where(Case.id == case_id, col(Case.closed_at).is_(None), sees_cases(actor))).first()
    if found is None:
        raise NotFound
    case, is_protected, plan = found
    place = Place(case.student_id, case, bool(is_protected), plan)
    return _save(session, actor, place, PlanKind.CASE, version=version, entry=entry, is_final=is_final)


@permitted(Permission.CASE_READ)
def save_child_plan(
    session: Session,
    actor: Actor,
    *,
    student_id: int,
    kind: PlanKind,
    version: int,
    entry: PlanEntry,
    is_final: bool = False,
    plan_id: int | None = None,
) -> int:
    """Save one's own plan of a kind for a child without a case (F-05, I-07), or the one given; nobody approves it.

    Raises:
        NotFound: there is no such child, or this actor may not see it.
        FieldErrors, EditedMeanwhile: as with the plan of a case.
    """
    child = still_there(session, select(Student).where(Student.id == student_id, sees_students(actor)))
    if session.exec(child).first() is None or kind is PlanKind.CASE:
        raise NotFound
    lock_named(session, select(Student.id).where(Student.id == student_id))
    if plan_id is not None:
        known = find_place(session, actor, plan_id)
        if known.case is not None or known.student_id != student_id:
            raise NotFound
        return _save(session, actor, known, kind, version=version, entry=entry, is_final=is_final)
    own = select(SupportPlan).where(
        SupportPlan.student_id == student_id, SupportPlan.kind == kind, SupportPlan.owner_id == actor.id_of_staff
    )
    place = Place(student_id, None, False, session.exec(own.order_by(col(SupportPlan.id))).first())
    return _save(session, actor, place, kind, version=version, entry=entry, is_final=is_final)


@permitted(Permission.CASE_READ)
def take_back(session: Session, actor: Actor, *, plan_id: int, version: int) -> None:
    """Take a submitted plan back before it was answered, to go on writing at it.

    Raises:
        NotFound: there is none this actor may write.
        EditedMeanwhile: somebody answered it, or wrote at it.
    """
    place = find_place(session, actor, plan_id)
    lock_plan(session, plan_id, version=version)
    latest = latest_version(session, plan_id)
    if latest is None or latest.state is not PlanState.SUBMITTED:
        raise NotFound
    latest.state, latest.submitted_at, latest.submitted_by_id = PlanState.DRAFT, None, None
    session.add(latest)
    _note(session, actor, audit.Action.PLAN_TAKEN_BACK, place, latest)


@permitted(Permission.CASE_READ)
def drop_draft(session: Session, actor: Actor, *, plan_id: int, version: int) -> None:
    """Give up a draft: it stays readable and counts for nothing; what is in force stays in force.

    Raises:
        NotFound: there is none this actor may write.
        EditedMeanwhile: somebody wrote at it.
    """
    place = find_place(session, actor, plan_id)
    lock_plan(session, plan_id, version=version)
    latest = latest_version(session, plan_id)
    if latest is None or latest.state is not PlanState.DRAFT:
        raise NotFound
    _end(actor, latest, PlanState.ENDED)
    session.add(latest)
    _note(session, actor, audit.Action.PLAN_DROPPED, place, latest)


@permitted(Permission.CASE_READ)
def end_plan(session: Session, actor: Actor, *, plan_id: int, version: int, reason: str | None) -> None:
    """End a plan that is in force, with the reason (I-25); a draft beside it ends too. A severe case's: only the lead.

    Raises:
        NotFound: there is none in force this actor may write.
        NotAllowed: it is of a severe case, and the actor is not the lead.
        PlanWaits: a change of it waits for approval.
        FieldErrors: the reason is missing or too long.
        EditedMeanwhile: somebody wrote at it.
    """
    place = find_place(session, actor, plan_id)
    if place.needs_approval and not actor.has_role(Role.LEAD):
        raise NotAllowed
    check = Checker()
    words = check.required_text("reason", reason, limit=LONG)
    check.finish()
    lock_plan(session, plan_id, version=version)
    current, latest = in_force(session, plan_id), latest_version(session, plan_id)
    if current is None or latest is None:
        raise NotFound
    if latest.state is PlanState.SUBMITTED:
        raise PlanWaits
    for each in (current, latest) if latest.state is PlanState.DRAFT else (current,):
        _end(actor, each, PlanState.ENDED)
        seal(each, "end_reason_sealed", words)
        session.add(each)
    _note(session, actor, audit.Action.PLAN_ENDED, place, current)


def find_place(session: Session, actor: Actor, plan_id: int) -> Place:
    """Return where a plan belongs, for writing; for services that hold the permission.

    Raises:
        NotFound: there is none this actor may open, or its case is closed.
    """
    found = session.exec(
        select(SupportPlan, Case, Referral.is_suspected_abuse)
        .join(Case, col(Case.id) == col(SupportPlan.case_id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
        .where(SupportPlan.id == plan_id, col(Case.closed_at).is_(None), sees_plans(actor))
    ).first()
    if found is None:
        raise NotFound
    plan, case, is_protected = found
    return Place(plan.student_id, case, bool(is_protected), plan)


def lock_plan(session: Session, plan_id: int, *, version: int) -> SupportPlan:
    """Lock a plan that was found; in a conflict both versions are shown."""
    try:
        return lock_version(session, SupportPlan, plan_id, version=version)
    except EditedMeanwhile as error:
        raise _conflict(session, error.current) from None


def latest_version(session: Session, plan_id: int) -> PlanVersion | None:
    """Return the version with the highest number."""
    found = select(PlanVersion).where(PlanVersion.plan_id == plan_id)
    return session.exec(found.order_by(col(PlanVersion.number).desc()).limit(1)).first()


def in_force(session: Session, plan_id: int) -> PlanVersion | None:
    """Return the version one goes by."""
    return session.exec(
        select(PlanVersion).where(PlanVersion.plan_id == plan_id, PlanVersion.state == PlanState.IN_FORCE)
    ).first()


def asks_reason(session: Session, plan_id: int) -> bool:
    """Say whether writing at a plan is changing it: one of its versions was in force, or answered."""
    known = or_(col(PlanVersion.in_force_at).is_not(None), col(PlanVersion.answered_at).is_not(None))
    return session.exec(select(PlanVersion.id).where(PlanVersion.plan_id == plan_id, known)).first() is not None


def _of_case() -> Any:  # a Select of a case, the mark on it, and its plan
    return (
        select(Case, Referral.is_suspected_abuse, SupportPlan)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(SupportPlan, col(SupportPlan.case_id) == col(Case.id), isouter=True)
    )


def _starts_before(session: Session, plan: SupportPlan | None) -> frozenset[date]:
    """Return on which days the measures began that a plan has or had."""
    if plan is None:
        return frozenset()
    return frozenset(session.exec(select(col(PlanMeasure.starts_on)).where(col(PlanMeasure.plan_id) == plan.id)))


def _save(
    session: Session, actor: Actor, place: Place, kind: PlanKind, *, version: int, entry: PlanEntry, is_final: bool
) -> int:
    if place.plan is not None:
        _refuse_stale(session, place.plan, version)
    is_change = place.plan is not None and asks_reason(session, place.plan.id or 0)
    check = Checker()
    within = review_within(session, place.student_id)
    check_plan(
        session, check, entry, is_protected=place.is_protected, is_change=is_change, within_days=within,
        known_starts=_starts_before(session, place.plan),
    )  # fmt: skip
    check.finish()
    plan = _begin(session, actor, place, kind) if place.plan is None else place.plan
    plan_id = plan.id or 0
    if place.plan is not None:
        lock_plan(session, plan_id, version=version)
    draft = _draft_of(session, plan_id)
    _write(session, actor, draft, entry)
    _keep_authors(session, draft)
    if is_final and place.needs_approval:
        draft.state, draft.submitted_at, draft.submitted_by_id = PlanState.SUBMITTED, clock.now(), actor.id_of_staff
        session.add(draft)
        _note(session, actor, audit.Action.PLAN_SUBMITTED, place, draft)
    elif is_final:
        begin_to_count(session, actor, place, draft)
    else:
        _note(session, actor, audit.Action.PLAN_SAVED, place, draft)
    return plan_id


def _refuse_stale(session: Session, plan: SupportPlan, version: int) -> None:
    """Who drew the form before somebody else wrote sees both first: it may ask for less than is asked for now."""
    if plan.version != version:
        raise _conflict(session, plan)
    latest = latest_version(session, plan.id or 0)
    if latest is not None and latest.state is PlanState.SUBMITTED:
        raise PlanWaits


def _begin(session: Session, actor: Actor, place: Place, kind: PlanKind) -> SupportPlan:
    """Begin a plan; who did so in the same moment for the same case was first, and both see it."""
    lock_named(session, select(Student.id).where(Student.id == place.student_id))
    if place.case is not None:
        session.refresh(place.case, with_for_update={"key_share": True})
        require_open(place.case)  # it may have been closed since it was found
        first = session.exec(select(SupportPlan).where(SupportPlan.case_id == place.case.id)).first()
        if first is not None:
            raise _conflict(session, first)
    plan = SupportPlan(
        student_id=place.case.student_id if place.case else place.student_id,
        case_id=place.case.id if place.case else None,
        kind=kind,
        owner_id=place.case.owner_id if place.case else actor.id_of_staff,
        begun_at=clock.now(),
    )
    session.add(plan)
    session.flush()
    return plan


def _draft_of(session: Session, plan_id: int) -> PlanVersion:
    """Return the draft that is written at, or the next version."""
    latest = latest_version(session, plan_id)
    if latest is not None and latest.state is PlanState.SUBMITTED:
        raise PlanWaits
    if latest is not None and latest.state is PlanState.DRAFT:
        return latest
    number = latest.number + 1 if latest else 1
    return PlanVersion(plan_id=plan_id, number=number, review_on=clock.today(), written_at=clock.now())


def _write(session: Session, actor: Actor, draft: PlanVersion, entry: PlanEntry) -> None:
    draft.review_on = entry.review_on or draft.review_on
    draft.written_by_id, draft.written_at = actor.id_of_staff, clock.now()
    seal(draft, "content_sealed", to_json(entry))
    seal(draft, "reason_sealed", clean(entry.reason))
    session.add(draft)
    session.flush()
    known = select(PlanAuthor.id).where(PlanAuthor.plan_version_id == draft.id, PlanAuthor.user_id == actor.id_of_staff)
    if session.exec(known).first() is None:
        session.add(PlanAuthor(plan_version_id=draft.id or 0, user_id=actor.id_of_staff, first_at=clock.now()))


def _keep_authors(session: Session, draft: PlanVersion) -> None:
    """Who had a hand in the version that was returned has one in the next: its form begins with their words."""
    before = session.exec(
        select(PlanVersion).where(PlanVersion.plan_id == draft.plan_id, PlanVersion.number == draft.number - 1)
    ).first()
    if before is None or before.state is not PlanState.RETURNED:
        return
    written = session.exec(_authors_of(before.id)).all()
    missing = {*written, before.submitted_by_id} - {None, *session.exec(_authors_of(draft.id)).all()}
    for user_id in sorted(each for each in missing if each is not None):
        session.add(PlanAuthor(plan_version_id=draft.id or 0, user_id=user_id, first_at=clock.now()))
    session.flush()


def _authors_of(version_id: int | None) -> Any:  # a Select of numbers
    return select(PlanAuthor.user_id).where(PlanAuthor.plan_version_id == version_id)


def begin_to_count(session: Session, actor: Actor, place: Place, draft: PlanVersion) -> None:
    """Put a version in force, in place of the one before it; its goals and measures are what is worked by."""
    current = in_force(session, draft.plan_id)
    if current is not None:
        _end(actor, current, PlanState.REPLACED)
        session.add(current)
        session.flush()  # at most one is in force
    draft.state, draft.in_force_at = PlanState.IN_FORCE, clock.now()
    put_in_force(session, draft)
    session.add(draft)
    _note(session, actor, audit.Action.PLAN_IN_FORCE, place, draft)


def _end(actor: Actor, version: PlanVersion, state: PlanState) -> None:
    version.state, version.ended_at, version.ended_by_id = state, clock.now(), actor.user_id


def _conflict(session: Session, plan: SupportPlan) -> EditedMeanwhile:
    latest = latest_version(session, plan.id or 0)
    stored = as_stored(plan.id, plan.version, from_version(latest) if latest else None)
    return EditedMeanwhile(stored, edited_by=last_editor(session, plan))


def _note(session: Session, actor: Actor, action: audit.Action, place: Place, version: PlanVersion) -> None:
    plan = place.plan or session.get_one(SupportPlan, version.plan_id)
    audit.record(session, actor, action, target=plan, student_id=place.student_id, count=version.number)
