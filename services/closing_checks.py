"""What is looked at before a case is closed: each line one condition on its records, computed, never ticked (I-25).

Whoever builds an area adds its line to CHECKS. What the program has no place for yet stands in LATER: it is named, and
counts as neither there nor missing; now there is nothing of the kind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, null
from sqlmodel import Session, col, not_, select

from db.tables import (
    Case,
    CaseConference,
    CaseDecision,
    DecisionState,
    GoalState,
    MeasureState,
    OutwardReferral,
    PlanGoal,
    PlanMeasure,
    PlanVersion,
    Student,
    SupportPlan,
)
from services import clock
from services.actors import Actor
from services.archive_parts import part_columns, parts_for
from services.case_rhythms import calls_for_summary, is_evaluated_at_end, summary_due_on
from services.case_stages import begun_at


@dataclass(frozen=True, slots=True)
class ClosingCheck:
    """One line of the list: what must be so, and why the regulations want it."""

    code: str
    label: str
    clause: str
    is_met: Callable[[], ColumnElement[bool]]  # over Case
    applies_to: Callable[[], Any] | None = None  # a case without any of these has no such line


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line as it stands for a case."""

    code: str
    label: str
    clause: str
    is_met: bool
    missing: tuple[str, ...] = ()  # the parts of the archive that aren't there


def _conferences() -> Any:  # a Select, as the others below
    return select(CaseConference.id).where(CaseConference.case_id == Case.id)


def _begun_plans() -> Any:
    """What came into force since the case is under way: an earlier plan ended when the case was closed."""
    return _of_plan(PlanVersion).where(col(PlanVersion.in_force_at) >= begun_at())


def _goals() -> Any:
    return _of_plan(PlanGoal).where(col(PlanGoal.left_at).is_(None))


def _measures() -> Any:
    return _of_plan(PlanMeasure).where(col(PlanMeasure.left_at).is_(None))


def _of_plan(part: type[PlanVersion] | type[PlanGoal] | type[PlanMeasure]) -> Any:
    return (
        select(part.id)
        .join(SupportPlan, col(SupportPlan.id) == col(part.plan_id))
        .where(col(SupportPlan.case_id) == col(Case.id))
    )


def _decisions() -> Any:
    return (
        select(CaseDecision.id)
        .join(CaseConference, col(CaseConference.id) == col(CaseDecision.conference_id))
        .where(CaseConference.case_id == Case.id)
    )


def _outward() -> Any:
    return select(OutwardReferral.id).where(OutwardReferral.case_id == Case.id)


def _none_of(query: Any, condition: Any) -> ColumnElement[bool]:
    return not_(query.where(condition).correlate(Case).exists())


def _is_discussed() -> ColumnElement[bool]:
    return _none_of(_conferences(), col(CaseConference.held_at).is_(None))


def _had_plan() -> ColumnElement[bool]:
    begun: ColumnElement[bool] = _begun_plans().correlate(Case).exists()
    return begun


def _goals_are_settled() -> ColumnElement[bool]:
    return _none_of(_goals(), PlanGoal.state == GoalState.OPEN)


def _measures_have_ended() -> ColumnElement[bool]:
    return _none_of(_measures(), PlanMeasure.state == MeasureState.OPEN)


def _decisions_are_done() -> ColumnElement[bool]:
    return _none_of(_decisions(), CaseDecision.state == DecisionState.OPEN)


def _nobody_is_asked_outside() -> ColumnElement[bool]:
    return _none_of(_outward(), col(OutwardReferral.ended_on).is_(None))


def _is_summed_up() -> ColumnElement[bool]:
    return summary_due_on() > clock.today()


CHECKS: tuple[ClosingCheck, ...] = (
    ClosingCheck("conference", "集体研讨", "D-08", _is_discussed, _conferences),
    ClosingCheck("plan", "帮扶方案", "I-01", _had_plan),
    ClosingCheck("goals", "方案的目标", "I-25", _goals_are_settled, _goals),
    ClosingCheck("measures", "方案的措施", "I-02", _measures_have_ended, _measures),
    ClosingCheck("decisions", "研讨定的事", "D-08", _decisions_are_done, _decisions),
    ClosingCheck("outward", "转介到校外", "C-09", _nobody_is_asked_outside, _outward),
    ClosingCheck("summary", "阶段性总结", "I-04", _is_summed_up, calls_for_summary),
    ClosingCheck("evaluation", "效果评估", "Q-06", is_evaluated_at_end),
)
"""Every line but the archive's, in the order of a case."""

ARCHIVE, ARCHIVE_LABEL = "archive", "心理档案"
"""The archive's line; what is in it is asked part by part, as far as the reader may know of the part."""

LATER: tuple[tuple[str, str], ...] = ()
"""What the clauses ask for at closing and the program has no place for yet."""

LABELS = {check.code: check.label for check in CHECKS} | {ARCHIVE: ARCHIVE_LABEL}


def check_case(session: Session, actor: Actor, *, case_id: int) -> tuple[CheckLine, ...]:
    """Return the list for one case, as this reader may know its archive; one statement."""
    columns = check_columns(actor)
    row = session.execute(_of_case(columns, case_id).join(Student, col(Student.id) == col(Case.student_id))).one()
    return lines_of(actor, row)


def check_columns(actor: Actor) -> list[Any]:
    """Return what the list is read from, for a query on Case joined with its Student."""
    return [*_conditions(), *part_columns(actor)]


def lines_of(actor: Actor, row: Any) -> tuple[CheckLine, ...]:
    """Return the list from a row with those columns."""
    missing = tuple(part.label for part in parts_for(actor) if getattr(row, f"part_{part.code}") == 0)
    archive = CheckLine(ARCHIVE, ARCHIVE_LABEL, "F-01", not missing, missing)
    return (*_lines(row), archive)


def unmet_now(session: Session, *, case_id: int) -> frozenset[str]:
    """Return the codes of what is not met, of all that doesn't depend on the reader; one statement."""
    row = session.execute(_of_case(_conditions(), case_id)).one()
    return frozenset(line.code for line in _lines(row) if not line.is_met)


def labels_of(codes: str) -> tuple[str, ...]:
    """Return the lines that were kept as codes."""
    return tuple(LABELS[code] for code in codes.split(",") if code in LABELS)


def _conditions() -> list[Any]:
    """Return a column a line: 1 met, 0 not, NULL where the case has no such line."""
    return [_condition(check).label(f"check_{check.code}") for check in CHECKS]


def _condition(check: ClosingCheck) -> Any:
    met = (check.is_met(), 1)
    if check.applies_to is None:
        return case(met, else_=0)
    return case((not_(check.applies_to().correlate(Case).exists()), null()), met, else_=0)


def _of_case(columns: Sequence[Any], case_id: int) -> Any:
    return select(*columns).select_from(Case).where(Case.id == case_id)


def _lines(row: Any) -> tuple[CheckLine, ...]:
    found = [(check, getattr(row, f"check_{check.code}")) for check in CHECKS]
    return tuple(CheckLine(check.code, check.label, check.clause, bool(met)) for check, met in found if met is not None)
