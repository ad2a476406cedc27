"""What the form of a plan is drawn from: whose it is, what stands there now, who can be named, what it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from db.tables import (
    Case,
    ClassMembership,
    FamilySurvey,
    PlanKind,
    PlanState,
    Referral,
    SchoolClass,
    Severity,
    Student,
    SupportPlan,
)
from services import clock
from services.access import Permission, permitted
from services.account_lists import StaffName
from services.actors import Actor
from services.classes import class_label
from services.conference_people import people_to_ask
from services.errors import NotFound
from services.family_surveys import SurveyLine, current_survey, line_of
from services.plan_checks import review_within
from services.plan_contents import as_stored
from services.plan_views import PlanView, find_plan
from services.plans import PlanWaits
from services.row_filters import sees_cases, sees_students
from services.students import is_in_class


@dataclass(frozen=True, slots=True)
class PlanForm:
    """A plan about to be written; `stored` is how its form names its fields."""

    student_id: int
    case_id: int | None
    kind: PlanKind
    child: str
    class_label: str | None
    needs_approval: bool
    is_protected: bool
    view: PlanView | None
    asks_reason: bool
    returned_because: str | None
    within_days: int | None
    people: Mapping[int, StaffName]
    stored: Mapping[str, object]
    family: SurveyLine | None  # what is known of the family, for who may know it


@permitted(Permission.CASE_READ)
def open_form(
    session: Session,
    actor: Actor,
    *,
    case_id: int | None = None,
    plan_id: int | None = None,
    student_id: int | None = None,
    kind: PlanKind | None = None,
) -> PlanForm:
    """Return the form for the plan of a case, for one that is there, or for a new one of a child without a case.

    Raises:
        NotFound: there is no open case, plan or child this actor may write about.
        PlanWaits: it was submitted; it is taken back first.
    """
    view = _view(session, actor, case_id=case_id, plan_id=plan_id, student_id=student_id, kind=kind)
    if view is not None:
        case_id, student_id, kind = view.case_id, view.student_id, view.kind
        if not view.may_write:
            raise NotFound
        if view.pending is not None and view.pending.state is PlanState.SUBMITTED:
            raise PlanWaits
    found = session.exec(_of_case(actor, case_id) if case_id is not None else _of_child(actor, student_id)).first()
    if found is None or (case_id is None and kind not in {PlanKind.CARE, PlanKind.CONDUCT}):
        raise NotFound
    is_protected = bool(found.is_protected)
    pending = view.pending if view else None
    return PlanForm(
        student_id=found.student_id,
        case_id=case_id,
        kind=kind or PlanKind.CASE,
        child=found.child,
        class_label=class_label(found.grade, found.number) if found.grade else None,
        needs_approval=found.severity is Severity.SERIOUS,
        is_protected=is_protected,
        view=view,
        asks_reason=bool(view and view.asks_reason),
        returned_because=pending.answer if pending and pending.state is PlanState.RETURNED else None,
        within_days=review_within(session, found.student_id),
        people=people_to_ask(session, actor, is_suspected_abuse=is_protected),
        stored=_stored(view, today=clock.today()),
        family=line_of(found[0]) if found[0] else None,
    )


def _view(
    session: Session,
    actor: Actor,
    *,
    case_id: int | None,
    plan_id: int | None,
    student_id: int | None,
    kind: PlanKind | None,
) -> PlanView | None:
    """Return the plan that is there: the one asked for, the case's, or one's own of this kind."""
    if plan_id is not None:
        return find_plan(session, actor, plan_id=plan_id, with_parts=False)
    if case_id is not None:
        known = select(SupportPlan.id).where(SupportPlan.case_id == case_id)
    else:
        known = select(SupportPlan.id).where(
            SupportPlan.student_id == student_id,
            SupportPlan.kind == kind,
            SupportPlan.owner_id == actor.id_of_staff,
        )
    found = session.exec(known.order_by(col(SupportPlan.id))).first()
    return find_plan(session, actor, plan_id=found, with_parts=False) if found is not None else None


def _stored(view: PlanView | None, *, today: date) -> dict[str, object]:
    """Return what the form begins with: a draft as it is; a new version without the old reason or a date gone by."""
    if view is None or view.latest is None:
        return as_stored(view.id if view else None, view.version if view else 0, None)
    latest = view.latest
    entry = latest.entry
    if latest.state is not PlanState.DRAFT:
        still_ahead = entry.review_on is not None and entry.review_on > today
        entry = replace(entry, reason=None, review_on=entry.review_on if still_ahead else None)
    return as_stored(view.id, view.version, entry)


def _columns() -> list[Any]:
    return [
        FamilySurvey,
        col(Student.id).label("student_id"),
        col(Student.name).label("child"),
        SchoolClass.grade,
        SchoolClass.number,
        Case.severity,
        col(Referral.is_suspected_abuse).label("is_protected"),
    ]


def _of_case(actor: Actor, case_id: int) -> Any:  # a Select of `_columns`
    return _in_class(
        actor,
        select(*_columns())
        .select_from(Case)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(Student, col(Student.id) == col(Case.student_id)),
    ).where(Case.id == case_id, col(Case.closed_at).is_(None), sees_cases(actor))


def _of_child(actor: Actor, student_id: int | None) -> Any:  # a Select of `_columns`, those of a case empty
    return _in_class(
        actor,
        select(*_columns())
        .select_from(Student)
        .join(Case, col(Case.id).is_(None), isouter=True)
        .join(Referral, col(Referral.id).is_(None), isouter=True),
    ).where(Student.id == student_id, sees_students(actor))


def _in_class(actor: Actor, query: Any) -> Any:
    return (
        query.join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(FamilySurvey, current_survey(actor), isouter=True)
    )
