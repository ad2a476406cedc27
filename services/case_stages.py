"""At which stage a case stands: computed from its records, in one place, for one case and for lists of them.

Every fact has one meaning here and one condition in SQL; the rules read facts alone.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, not_
from sqlmodel import col, func, select

from db.base import Labelled
from db.tables import Case, CaseClosure, CaseConference, PlanState, PlanVersion, SupportPlan
from services import clock
from services.errors import DomainError


class CaseClosed(DomainError):
    """Nothing is written into a closed case; to go on with it, it is opened again."""


def require_open(case: Case) -> None:
    """Refuse to write into a closed case.

    Raises:
        CaseClosed: as said.
    """
    if case.closed_at is not None:
        raise CaseClosed


class CaseStage(Labelled):
    """What a case is at, in the order cases go through."""

    CONFERENCE = "conference", "待研讨"
    REOPENED = "reopened", "重开"
    PLAN = "plan", "待定方案"
    REVIEW = "review", "待复查"
    SUPPORT = "support", "帮扶中"
    CLOSURE = "closure", "已结案"


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What of a case's records its stage follows from."""

    calls_conference: bool = False  # serious: discussed together first (D-08)
    is_discussed: bool = False
    has_plan: bool = False  # one is in force (I-01)
    is_review_due: bool = False  # its review date has come
    is_closed: bool = False
    is_reopened: bool = False  # it was closed once; closing ended its plan


_Rule = tuple[CaseStage, Mapping[str, bool]]
RULES: tuple[_Rule, ...] = (
    (CaseStage.CLOSURE, {"is_closed": True}),
    (CaseStage.CONFERENCE, {"calls_conference": True, "is_discussed": False}),
    (CaseStage.REOPENED, {"is_reopened": True, "has_plan": False}),
    (CaseStage.PLAN, {"has_plan": False}),
    (CaseStage.REVIEW, {"is_review_due": True}),
)
"""The first whose facts are so says the stage; none: supported, until the next review."""
OTHERWISE = CaseStage.SUPPORT


def stage_of(facts: CaseFacts) -> CaseStage:
    """Return the stage of a case."""
    known = asdict(facts)
    for stage, wanted in RULES:
        if all(known[name] is value for name, value in wanted.items()):
            return stage
    return OTHERWISE


def stage_column(facts: Mapping[str, ColumnElement[bool]] | None = None) -> ColumnElement[str]:
    """Return the same as a column, for queries on Case joined with its conference and its plan in force."""
    known = facts or fact_columns()
    conditions = [
        (and_(*(known[name] if value else not_(known[name]) for name, value in wanted.items())), stage.value)
        for stage, wanted in RULES
    ]
    return case(*conditions, else_=OTHERWISE.value)


def fact_columns() -> dict[str, ColumnElement[bool]]:
    """Return each fact as a condition, never NULL, on Case joined as `join_stage` does."""
    in_force = col(PlanVersion.id).is_not(None)
    reopened = (
        select(CaseClosure.id)
        .where(CaseClosure.case_id == Case.id, col(CaseClosure.reopened_at).is_not(None))
        .correlate(Case)
    )
    return {
        "calls_conference": col(CaseConference.id).is_not(None),
        "is_discussed": col(CaseConference.held_at).is_not(None),
        "has_plan": in_force,
        "is_review_due": and_(in_force, func.coalesce(col(PlanVersion.review_on) <= clock.today(), False)),
        "is_closed": col(Case.closed_at).is_not(None),
        "is_reopened": reopened.exists(),
    }


def begun_at() -> Any:  # a column
    """Return since when a case is under way: when it was opened, or opened again last."""
    again = select(func.max(CaseClosure.reopened_at)).where(CaseClosure.case_id == Case.id).correlate(Case)
    opened: Any = Case.opened_at
    return func.coalesce(again.scalar_subquery(), opened, type_=opened.type)


def plans_in_force() -> Any:  # a column
    """Return how many versions of a case's plan were in force so far."""
    return (
        select(func.count(col(PlanVersion.id)))
        .join(SupportPlan, col(SupportPlan.id) == col(PlanVersion.plan_id))
        .where(SupportPlan.case_id == Case.id, col(PlanVersion.in_force_at).is_not(None))
        .correlate(Case)
        .scalar_subquery()
    )


def join_stage(query: Any) -> Any:  # a Select of any columns of cases
    """Join what the stage of a case is read from: its conference, its plan, and the version in force."""
    return (
        query.join(CaseConference, col(CaseConference.case_id) == col(Case.id), isouter=True)
        .join(SupportPlan, col(SupportPlan.case_id) == col(Case.id), isouter=True)
        .join(
            PlanVersion,
            and_(col(PlanVersion.plan_id) == col(SupportPlan.id), col(PlanVersion.state) == PlanState.IN_FORCE),
            isouter=True,
        )
    )


def stage_order(stage: ColumnElement[str]) -> ColumnElement[int]:
    """Return where a stage stands in lists: what waits for somebody first."""
    return case({each.value: place for place, each in enumerate(CaseStage)}, value=stage)


class StepState(StrEnum):
    """How one step of a case's way looks from where it stands."""

    DONE = "done"
    NOW = "now"
    NEXT = "next"
    NOT_NEEDED = "not_needed"


STEPS = ("评估", "集体研讨", "帮扶方案", "帮扶", "复查", "结案")
_PLACES = {
    CaseStage.CONFERENCE: 1,
    CaseStage.REOPENED: 2,
    CaseStage.PLAN: 2,
    CaseStage.SUPPORT: 3,
    CaseStage.REVIEW: 4,
    CaseStage.CLOSURE: len(STEPS),
}


def steps_of(stage: CaseStage, *, calls_conference: bool, plans_in_force: int) -> tuple[tuple[str, StepState], ...]:
    """Return the way of a case as steps, each done, under way, to come, or not needed.

    `plans_in_force` is how many versions of its plan were in force so far: a closed case had none, or one that was
    never looked at again, and then does not say it did.
    """
    here = _PLACES[stage]
    left_out: set[int] = set() if calls_conference else {1}
    if stage is CaseStage.CLOSURE:
        left_out |= {place for place, versions in ((2, 1), (4, 2)) if plans_in_force < versions}

    def state(place: int) -> StepState:
        if place in left_out:
            return StepState.NOT_NEEDED
        if place == here:
            return StepState.NOW
        return StepState.DONE if place < here else StepState.NEXT

    return tuple((name, state(place)) for place, name in enumerate(STEPS))
