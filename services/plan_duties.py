"""What plans ask: to be written, approved, mended, reviewed; and the measures somebody carries out (I-01, I-02)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    String,
    and_,
    cast,
    literal,
    not_,
    null,
    or_,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.tables import (
    AppUser,
    Case,
    CaseConference,
    PlanMeasure,
    PlanState,
    PlanVersion,
    Referral,
    Role,
    SupportPlan,
)
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.calendar import END_OF_SCHOOL_DAY, SchoolCalendar
from services.case_stages import begun_at
from services.classes import known_class
from services.duties import Duty, DutyGroup, DutyKind, group_of
from services.measures import answers_for_plan, of_plans_in_force, owes_measure
from services.plan_answers import has_no_free_lead, is_own, may_answer, submitted
from services.plans import Place
from services.regulations import deadlines
from services.row_filters import sees_cases, sees_plans
from services.tier_rows import can_no_more

_MOMENT: Any = PlanVersion.__table__.c.submitted_at  # type: ignore[attr-defined]  # SQLModel does not declare it
_WRITE, _RETURNED, _REVIEW, _ANSWER, _ASKED = "write", "returned", "review", "answer", "asked"
_MEASURE = "measure"


def parts_of_plans(actor: Actor) -> list[Any]:  # selects of one shape
    """Return what plans ask of this person by id, for the larger query of `child_duties`, which is on every page.

    Measures are due in their rhythm and when they end.
    """
    parts = []
    if allows(actor, Permission.MEASURE_FOLLOW):
        parts.append(_measures(actor))
    if allows(actor, Permission.CASE_READ):
        parts += [_to_write(actor), _returned(actor), _to_review(actor)]
    if actor.has_role(Role.LEAD):
        parts.append(_submitted(_ANSWER).where(sees_cases(actor), not_(is_own(actor))))
    elif allows(actor, Permission.PLAN_ANSWER):  # asked in the second place, where no lead is free of it
        parts.append(_submitted(_ASKED).where(not_(is_own(actor)), has_no_free_lead()))
    return parts


def no_plan() -> list[Any]:
    """Return the columns of a plan, all empty, for parts of the larger query that have none."""
    nothing = cast(null(), Integer)
    return [
        cast(null(), String).label("about"),
        nothing.label("plan_case_id"),
        nothing.label("plan_id"),
        nothing.label("version_id"),
        nothing.label("measure_id"),
        cast(null(), Date).label("day"),
        cast(null(), _MOMENT.type).label("moment"),
    ]


def columns_of_plans(actor: Actor, due: Any, called: type[CaseConference], doer: type[AppUser]) -> list[Any]:
    """Return what lines about plans are made of, beside the child and who owns the case."""
    of_due = [due.c[name] for name in ("about", "plan_case_id", "plan_id", "version_id", "measure_id", "day", "moment")]
    return [
        *of_due, Case.opened_at, begun_at().label("begun_at"), col(called.called_at).label("plan_called_at"),
        PlanMeasure.starts_on, PlanMeasure.ends_on, PlanMeasure.rhythm, PlanMeasure.last_noted_on,
        PlanMeasure.responsible_id, col(doer.display_name).label("responsible_name"),
        sees_plans(actor).label("may_open_plan"),
    ]  # fmt: skip


def duties_of(session: Session, actor: Actor, found: Any, *, calendar: SchoolCalendar, now: datetime) -> Iterator[Duty]:
    """Return the line one row is; none where it waits for somebody else after all."""
    if found.about == _MEASURE:
        yield _measure(actor, found, calendar=calendar, now=now)
    elif found.about != _ASKED or _is_asked(session, actor, found.version_id):
        yield _duty(found, calendar=calendar, now=now)


def _measure(actor: Actor, found: Any, *, calendar: SchoolCalendar, now: datetime) -> Duty:
    due_at = deadlines.measure_due(
        starts_on=found.starts_on,
        ends_on=found.ends_on,
        rhythm=found.rhythm,
        last_noted_on=found.last_noted_on,
        calendar=calendar,
    )
    return Duty(
        DutyKind.MEASURE,
        group_of(due_at, now=now),
        due_at=due_at,
        child=found.child if found.may_name or found.may_open_plan else None,
        class_label=_class_of(found),
        owner_name=found.responsible_name,
        is_mine=found.responsible_id == actor.user_id,
        has_begun=found.last_noted_on is not None,
        labels=(found.rhythm.label, "over") if found.ends_on < clock.today() else (found.rhythm.label,),
        target_id=found.measure_id,
    )


def _part(about: str, **columns: Any) -> Any:  # a select of one shape; what is left out is empty
    kinds = {"about": literal(about, String), **columns}
    nothing = cast(null(), Integer)
    owed = [nothing.label(name) for name in ("conference_id", "decision_id", "drop_out_id")]
    return select(*owed, *(kinds[column.name].label(column.name) if column.name in kinds else column
                           for column in no_plan()))  # fmt: skip


def _measures(actor: Actor) -> Any:
    part = _part(_MEASURE, plan_id=col(SupportPlan.id), measure_id=col(PlanMeasure.id))
    return of_plans_in_force(part.select_from(PlanMeasure)).where(owes_measure(actor))


def _to_write(actor: Actor) -> Any:
    """Open cases without a plan in force or on its way, once they were discussed where they are to be (D-08, F-05)."""
    kept = select(PlanVersion.id).where(
        PlanVersion.plan_id == SupportPlan.id,
        or_(col(PlanVersion.state).in_([PlanState.IN_FORCE, PlanState.SUBMITTED]), _is_returned_last()),
    )
    return (
        _part(_WRITE, plan_case_id=col(Case.id), plan_id=col(SupportPlan.id))
        .select_from(Case)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(CaseConference, col(CaseConference.case_id) == col(Case.id), isouter=True)
        .join(SupportPlan, col(SupportPlan.case_id) == col(Case.id), isouter=True)
        .where(
            col(Case.closed_at).is_(None),
            or_(col(CaseConference.id).is_(None), col(CaseConference.held_at).is_not(None)),
            ~kept.correlate(SupportPlan).exists(),
            _owns_case(actor),
            sees_cases(actor),
        )
    )


def _returned(actor: Actor) -> Any:
    """What came back, until the next version of it is begun."""
    return (
        _of_versions(_part(_RETURNED, plan_id=col(SupportPlan.id), moment=col(PlanVersion.answered_at)))
        .where(_is_returned_last(), col(Case.closed_at).is_(None), answers_for_plan(actor))
    )  # fmt: skip


def _to_review(actor: Actor) -> Any:
    """Plans in force whose review date has come, until a later version says what the review found."""
    waiting = aliased(PlanVersion)
    later = select(waiting.id).where(waiting.plan_id == SupportPlan.id, waiting.state == PlanState.SUBMITTED)
    return _of_versions(_part(_REVIEW, plan_id=col(SupportPlan.id), day=col(PlanVersion.review_on))).where(
        PlanVersion.state == PlanState.IN_FORCE,
        col(PlanVersion.review_on) <= clock.today(),
        col(Case.closed_at).is_(None),
        ~later.correlate(SupportPlan).exists(),
        answers_for_plan(actor),
    )


def _submitted(about: str) -> Any:
    wanted = _part(
        about,
        plan_id=col(SupportPlan.id),
        version_id=col(PlanVersion.id),
        moment=col(PlanVersion.submitted_at),
    )
    return _of_versions(wanted).where(PlanVersion.state == PlanState.SUBMITTED, col(Case.closed_at).is_(None))


def _of_versions(part: Any) -> Any:
    return (
        part.select_from(PlanVersion)
        .join(SupportPlan, col(SupportPlan.id) == col(PlanVersion.plan_id))
        .join(Case, col(Case.id) == col(SupportPlan.case_id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
    )


def _is_returned_last() -> ColumnElement[bool]:
    """Return the filter on versions that came back and have no later one."""
    later = aliased(PlanVersion)
    newer = select(later.id).where(later.plan_id == PlanVersion.plan_id, later.number > PlanVersion.number)
    return and_(col(PlanVersion.state) == PlanState.RETURNED, ~newer.correlate(PlanVersion).exists())


def _owns_case(actor: Actor) -> ColumnElement[bool]:
    own: ColumnElement[bool] = col(Case.owner_id) == actor.user_id
    if actor.has_role(Role.LEAD):
        own = or_(own, can_no_more(col(Case.owner_id), Permission.CASE_READ))
    return own


def _is_asked(session: Session, actor: Actor, version_id: int) -> bool:
    """Whether this person is the second person a version waits for."""
    found = session.exec(submitted().where(PlanVersion.id == version_id)).one()
    version, plan, case, is_protected = found
    return may_answer(session, actor, version, Place(plan.student_id, case, bool(is_protected), plan))


def _class_of(found: Any) -> str | None:  # Any: a row with these columns
    """The child's class, for who may know which child it is."""
    return known_class(found.grade, found.number) if found.may_name or found.may_open_plan else None


def _duty(found: Any, *, calendar: SchoolCalendar, now: datetime) -> Duty:
    child = found.child if found.may_name or found.may_open_plan else None
    if found.about == _WRITE:
        due_at = deadlines.plan_due(
            opened_at=found.begun_at,
            called_at=found.plan_called_at if found.begun_at == found.opened_at else None,  # it was reopened since
            calendar=calendar,
        )
        return Duty(
            DutyKind.PLAN_WRITE,
            group_of(due_at, now=now),
            due_at=due_at,
            child=found.child,
            class_label=known_class(found.grade, found.number),
            has_begun=found.plan_id is not None,
            target_id=found.plan_case_id,
        )
    if found.about == _REVIEW:
        due_at = clock.at_school(found.day, END_OF_SCHOOL_DAY)
        return Duty(DutyKind.PLAN_REVIEW, group_of(due_at, now=now), due_at=due_at, child=found.child,
                    class_label=known_class(found.grade, found.number), target_id=found.plan_id)  # fmt: skip
    kind = DutyKind.PLAN_RETURNED if found.about == _RETURNED else DutyKind.PLAN_ANSWER
    return Duty(kind, DutyGroup.WAITING, since=found.moment, child=child, class_label=_class_of(found),
                owner_name=found.plan_owner_name, target_id=found.plan_id)  # fmt: skip
