"""What a child is helped by, as its page and its case name it: cases under way, and plans."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Integer, String, and_, bindparam, cast, null, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.tables import AppUser, Case, PlanKind, PlanState, PlanVersion, Referral, Severity, SupportPlan
from services.access import Permission, permitted
from services.actors import Actor
from services.case_stages import CaseStage, join_stage, stage_column
from services.kept_statements import kept_for_asker
from services.row_filters import sees_cases, sees_plans


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is under way."""

    id: int
    stage: CaseStage
    severity: Severity
    owner_name: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan, what of it is in force and what waits."""

    id: int
    kind: PlanKind
    case_id: int | None
    owner_name: str
    review_on: date | None  # of what is in force
    pending: PlanState | None


@dataclass(frozen=True, slots=True)
class ChildSupport:
    """The cases of a child that are under way, and its plans, the newest first."""

    cases: tuple[OpenCase, ...]
    plans: tuple[PlanLine, ...]


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def list_support(
    session: Session, actor: Actor, *, student_id: int | None = None, case_id: int | None = None
) -> ChildSupport:
    """Return a child's cases under way with their plans, and its plans without a case, or one case's; one statement.

    Only what this actor may open.
    """
    rows = session.execute(
        _question(actor, case_id is not None), {"asked": student_id if case_id is None else case_id}
    ).all()
    cases = [
        OpenCase(row.case_id, CaseStage(row.stage), row.severity, row.owner_name, row.begun_at)
        for row in rows
        if row.case_id is not None
    ]
    plans = [
        (row.begun_at, PlanLine(row.plan_id, row.kind, row.case_id, row.owner_name, row.review_on, row.waiting))
        for row in rows
        if row.plan_id is not None
    ]
    return ChildSupport(
        tuple(sorted(cases, key=lambda each: (each.opened_at, each.id), reverse=True)),
        tuple(line for _, line in sorted(plans, key=lambda each: (each[0], each[1].id), reverse=True)),
    )


@kept_for_asker
def _question(actor: Actor, is_of_case: bool) -> Any:  # a union of selects
    """Return what is asked of one case, or of one child; which is handed in."""
    asked: Any = bindparam("asked", type_=Integer)
    if is_of_case:
        return union_all(_of_cases(actor).where(Case.id == asked))
    of_cases = _of_cases(actor).where(Case.student_id == asked, col(Case.closed_at).is_(None))
    return union_all(of_cases, _of_child(actor, asked))


def _of_cases(actor: Actor) -> Any:  # a Select
    waiting = aliased(PlanVersion)
    query = join_stage(
        select(*_columns(col(Case.id), stage_column(), col(Case.severity), col(Case.opened_at), waiting))
        .select_from(Case)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(AppUser, col(AppUser.id) == col(Case.owner_id))
    )
    return _with_waiting(query, waiting).where(sees_cases(actor))


def _of_child(actor: Actor, student_id: Any) -> Any:  # a Select of the same shape
    waiting = aliased(PlanVersion)
    severity: Any = Case.__table__.c.severity  # type: ignore[attr-defined]  # SQLModel does not declare it
    nothing = (cast(null(), Integer), cast(null(), String), cast(null(), severity.type))
    query = (
        select(*_columns(*nothing, col(SupportPlan.begun_at), waiting))
        .select_from(SupportPlan)
        .join(AppUser, col(AppUser.id) == col(SupportPlan.owner_id))
        .join(Case, col(Case.id) == col(SupportPlan.case_id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
        .join(
            PlanVersion,
            and_(col(PlanVersion.plan_id) == col(SupportPlan.id), col(PlanVersion.state) == PlanState.IN_FORCE),
            isouter=True,
        )
    )
    wanted = (SupportPlan.student_id == student_id, col(SupportPlan.case_id).is_(None), sees_plans(actor))
    return _with_waiting(query, waiting).where(*wanted)


def _columns(case_id: Any, stage: Any, severity: Any, begun_at: Any, waiting: type[PlanVersion]) -> list[Any]:
    return [
        case_id.label("case_id"),
        stage.label("stage"),
        severity.label("severity"),
        begun_at.label("begun_at"),
        col(AppUser.display_name).label("owner_name"),
        col(SupportPlan.id).label("plan_id"),
        col(SupportPlan.kind).label("kind"),
        col(PlanVersion.review_on).label("review_on"),
        col(waiting.state).label("waiting"),
    ]


def _with_waiting(query: Any, waiting: type[PlanVersion]) -> Any:
    on_its_way = col(waiting.state).in_([PlanState.DRAFT, PlanState.SUBMITTED])
    return query.join(waiting, and_(col(waiting.plan_id) == col(SupportPlan.id), on_its_way), isouter=True)
