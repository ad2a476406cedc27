"""Cases: who follows a child and why, at which stage it is, and the conference a serious one calls for."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    Assessment,
    Case,
    CaseClosure,
    CaseConference,
    ClassMembership,
    ClosingState,
    Domain,
    PlanVersion,
    Referral,
    SchoolClass,
    Severity,
    Student,
    Urgency,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar
from services.case_stages import CaseStage, begun_at, join_stage, plans_in_force, stage_column, stage_order
from services.classes import class_label
from services.conference_views import ConferenceView, read_conference
from services.errors import NotFound
from services.openings import is_noted
from services.paging import page_there
from services.regulations import deadlines
from services.regulations.deadlines import Deadline
from services.row_filters import grounds_for, sees_cases
from services.severity import TEXTS, Reason
from services.students import is_in_class

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case as lists show it."""

    id: int
    student_id: int
    child: str
    class_label: str | None
    severity: Severity
    stage: CaseStage
    owner_name: str
    is_mine: bool
    opened_at: datetime
    closed_at: datetime | None
    conference: Deadline | None
    plan: Deadline | None  # owed, and not there yet
    review_on: date | None
    is_danger: bool  # it came as danger, and nobody has discussed it yet
    is_closing_asked: bool  # a second person is still to say yes


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page of a list of cases, and how long the list is."""

    rows: list[CaseRow]
    total: int


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case with its assessment and conference."""

    row: CaseRow
    version: int
    referral_id: int
    domains: tuple[Domain, ...]
    nature: str | None
    measures: str | None
    reasons: tuple[str, ...]
    override_reason: str | None
    assessed_by_name: str
    assessed_at: datetime
    conference: ConferenceView | None
    plans_in_force: int  # how many versions of its plan were in force so far
    is_opening_noted: bool


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def list_cases(
    session: Session,
    actor: Actor,
    *,
    stage: CaseStage | None = None,
    is_closed: bool | None = None,
    student_id: int | None = None,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> CasePage:
    """Return one page of the cases this actor may open; four statements.

    What waits for somebody stands first, of closed cases the latest.
    """
    conditions = [sees_cases(actor)]
    if stage is not None:
        conditions.append(stage_column() == stage.value)
    if is_closed is not None:
        conditions.append(col(Case.closed_at).is_not(None) if is_closed else col(Case.closed_at).is_(None))
    if student_id is not None:
        conditions.append(col(Case.student_id) == student_id)
    total = session.exec(
        join_stage(
            select(func.count()).select_from(Case).join(Referral, col(Referral.id) == col(Case.referral_id))
        ).where(*conditions)
    ).one()
    found = session.exec(
        _detailed()
        .where(*conditions)
        .order_by(stage_order(stage_column()), col(Case.closed_at).desc(), col(Case.opened_at), col(Case.id))
        .offset((page_there(page, total=total, page_size=page_size) - 1) * page_size)
        .limit(page_size)
    ).all()
    calendar, now = load_calendar(session), clock.now()
    return CasePage([_row(actor, row, calendar=calendar, now=now) for row in found], total)


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def find_case(session: Session, actor: Actor, *, case_id: int) -> CaseView:
    """Return one case. Note the opening with `note_opening`.

    Raises:
        NotFound: there is none this actor may open.
    """
    assessor = aliased(AppUser)
    found = session.exec(
        _detailed()
        .add_columns(Assessment, col(assessor.display_name).label("assessor"), plans_in_force().label("plans"))
        .join(Assessment, col(Assessment.referral_id) == col(Case.referral_id))
        .join(assessor, col(assessor.id) == col(Assessment.assessed_by_id))
        .where(Case.id == case_id, sees_cases(actor))
    ).first()
    if found is None:
        raise NotFound
    case: Case = found[0]
    conference: CaseConference | None = found[1]
    assessment: Assessment = found.Assessment
    return CaseView(
        row=_row(actor, found, calendar=load_calendar(session), now=clock.now()),
        version=case.version,
        referral_id=case.referral_id,
        domains=tuple(Domain(name) for name in assessment.domains.split(",") if name),
        nature=unseal(assessment, "nature_sealed"),
        measures=unseal(assessment, "measures_sealed"),
        reasons=tuple(TEXTS[Reason(name)] for name in assessment.suggestion_reasons.split(",") if name),
        override_reason=unseal(assessment, "override_reason_sealed"),
        assessed_by_name=found.assessor,
        assessed_at=assessment.assessed_at,
        conference=read_conference(session, actor, case, conference, is_protected=found.is_suspected_abuse)
        if conference
        else None,
        plans_in_force=found.plans,
        is_opening_noted=is_opening_noted(session, actor, case_id=case_id),
    )


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def is_opening_noted(session: Session, actor: Actor, *, case_id: int) -> bool:
    """Say whether it is noted that the actor opened a case, within these 30 minutes."""
    return is_noted(session, actor, audit.Action.CASE_READ, record=(Case, case_id))


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def note_opening(session: Session, actor: Actor, *, case_id: int) -> None:
    """Note that the actor opened a case's words: once per person, case and 30 minutes.

    Raises:
        NotFound: there is none this actor may open.
    """
    # The row is locked, so that two tabs of one person don't both note it.
    case = session.exec(
        select(Case)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.id == case_id, sees_cases(actor))
        .with_for_update(of=Case)
    ).first()
    if case is None:
        raise NotFound
    if not is_noted(session, actor, audit.Action.CASE_READ, record=(Case, case_id)):
        grounds = grounds_for(session, actor, student_id=case.student_id)
        audit.record(session, actor, audit.Action.CASE_READ, target=case, student_id=case.student_id, grounds=grounds)


def _detailed() -> Any:  # a Select of more columns than its stubs can type
    columns: list[Any] = [
        Case,
        CaseConference,
        col(Student.name).label("child"),
        SchoolClass.grade,
        SchoolClass.number,
        col(AppUser.display_name).label("owner_name"),
        Referral.is_suspected_abuse,
        Referral.urgency,
        stage_column().label("stage"),
        PlanVersion.review_on,
        begun_at().label("begun_at"),
        _is_closing_asked().label("is_closing_asked"),
    ]
    return (
        join_stage(select(*columns).select_from(Case))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(Student, col(Student.id) == col(Case.student_id))
        .join(AppUser, col(AppUser.id) == col(Case.owner_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
    )


def _is_closing_asked() -> ColumnElement[bool]:
    waiting = select(CaseClosure.id).where(
        CaseClosure.case_id == Case.id, col(CaseClosure.state) == ClosingState.WAITING
    )
    asked: ColumnElement[bool] = waiting.correlate(Case).exists()
    return asked


def _row(actor: Actor, found: Any, *, calendar: SchoolCalendar, now: datetime) -> CaseRow:
    case: Case = found[0]
    conference: CaseConference | None = found[1]
    stage = CaseStage(found.stage)
    held_at = conference.held_at if conference else None
    return CaseRow(
        id=case.id or 0,
        student_id=case.student_id,
        child=found.child,
        class_label=class_label(found.grade, found.number) if found.grade else None,
        severity=case.severity,
        stage=stage,
        owner_name=found.owner_name,
        is_mine=case.owner_id == actor.user_id,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        conference=deadlines.conference_deadline(
            called_at=conference.called_at, held_at=held_at, now=now, calendar=calendar
        )
        if conference and case.closed_at is None
        else None,
        plan=deadlines.plan_deadline(
            opened_at=found.begun_at,
            called_at=conference.called_at if conference and found.begun_at == case.opened_at else None,
            now=now,
            calendar=calendar,
        )
        if stage in {CaseStage.PLAN, CaseStage.REOPENED}
        else None,
        review_on=found.review_on,
        is_danger=found.urgency is Urgency.DANGER and stage is CaseStage.CONFERENCE,
        is_closing_asked=bool(found.is_closing_asked),
    )
