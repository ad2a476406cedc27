"""How much of what an archive must hold is there: of who is helped in a case, and of left-behind children."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlmodel import Session, col

from db.tables import (
    Case,
    MeasureDomain,
    MeasureState,
    PlanMeasure,
    PlanState,
    PlanVersion,
    Role,
    Student,
    SupportPlan,
)
from services.actors import Actor
from services.archive_parts import PARTS, Part, columns_of
from services.regulations.evaluators import Whole
from services.regulations.facts.reach import Asked
from services.time_line.parts import LocalDay

OF_HELPED = tuple(part for part in PARTS if part.clause == "F-01")
_LEFT_BEHIND = {"basics", "family", "card", "study", "health", "screening"}
OF_LEFT_BEHIND = tuple(part for part in PARTS if part.code in _LEFT_BEHIND)
"""Basic data, family, study, state of body and of mind; results, health, parents' workplace and guardian (F-02)."""

STUDY_PARTS = 3  # I-10: from when to when, what, and what came of it
_WHOLE_SCHOOL = Actor(None, "", frozenset(Role))
"""Facts leave nothing out: who is told of them is decided where they are told."""


def read_case_files(session: Session, asked: Asked) -> Iterator[Whole]:
    """Yield the open cases with how many of the six parts their child's archive has now (F-01); one statement."""
    columns = columns_of(OF_HELPED, _WHOLE_SCHOOL)
    rows = session.execute(
        select(col(Case.id), LocalDay(col(Case.opened_at)), *columns)
        .join(Student, col(Student.id) == col(Case.student_id))
        .where(col(Case.closed_at).is_(None), asked.reach.of_child(Case.student_id))
        .order_by(col(Case.id))
    )
    return (_file(row_id, row_id, day, OF_HELPED, there) for row_id, day, *there in rows)


def read_files(session: Session, asked: Asked) -> Iterator[Whole]:
    """Yield every child with how many parts of a left-behind child's archive are there now (F-02); one statement."""
    rows = session.execute(
        select(col(Student.id), *columns_of(OF_LEFT_BEHIND, _WHOLE_SCHOOL)).where(
            col(Student.merged_into_id).is_(None), asked.reach.of_child(Student.id)
        )
    )
    return (_file(row_id, 0, asked.term.first_day, OF_LEFT_BEHIND, there) for row_id, *there in rows)


def _file(subject_id: int, row_id: int, day: date, parts: Sequence[Part], there: Sequence[int | None]) -> Whole:
    asked_for = [(part, value) for part, value in zip(parts, there, strict=True) if value is not None]
    lacks = [part.code for part, value in asked_for if not value]
    return Whole(subject_id, row_id, day, len(asked_for) - len(lacks), len(asked_for), ",".join(lacks) or None)


def read_care_plans(session: Session, asked: Asked) -> Iterator[tuple[int, Whole]]:
    """Yield child and open case: whether a plan is in force, and what of it should be done by now is (F-11).

    Of a measure is told whether it was ended, well or not; one statement.
    """
    is_due = and_(col(PlanMeasure.left_at).is_(None), col(PlanMeasure.ends_on) < asked.on)
    is_ended = and_(is_due, col(PlanMeasure.state) != MeasureState.OPEN)
    for child, row_id, day, version_id, due, ended in _of_open_cases(session, asked, is_due, is_ended):
        lacks = [name for name, is_it in (("plan", version_id is None), ("measures", due > ended)) if is_it]
        filled = (version_id is not None) + ended
        yield child, Whole(row_id, row_id, day, filled, 1 + due, ",".join(lacks) or None)


def read_study_plans(session: Session, asked: Asked) -> Iterator[tuple[int, Whole]]:
    """Yield child and open case: whether the plan in force helps with learning, and says what came of it (I-10).

    What is to be done, and from when to when, no measure is without; one statement.
    """
    is_study = and_(col(PlanMeasure.left_at).is_(None), col(PlanMeasure.domain) == MeasureDomain.STUDY)
    has_result = and_(
        is_study, or_(col(PlanMeasure.last_noted_on).is_not(None), col(PlanMeasure.state) != MeasureState.OPEN)
    )
    for child, row_id, day, _, studies, results in _of_open_cases(session, asked, is_study, has_result):
        lacks = [name for name, is_it in (("study", not studies), ("results", not results)) if is_it]
        filled = (STUDY_PARTS - 1) * (studies > 0) + (results > 0)
        yield child, Whole(row_id, row_id, day, filled, STUDY_PARTS, ",".join(lacks) or None)


def _of_open_cases(session: Session, asked: Asked, *counted: ColumnElement[bool]) -> Iterable[Any]:
    """Return child, case, its day, its version in force if there is one, and how many of its measures are such."""
    return session.execute(
        select(
            col(Case.student_id), col(Case.id), LocalDay(col(Case.opened_at)), func.max(col(PlanVersion.id)),
            *(func.coalesce(func.sum(case((each, 1), else_=0)), 0) for each in counted),
        )
        .join(SupportPlan, col(SupportPlan.case_id) == col(Case.id), isouter=True)
        .join(
            PlanVersion,
            and_(col(PlanVersion.plan_id) == col(SupportPlan.id), col(PlanVersion.state) == PlanState.IN_FORCE),
            isouter=True,
        )
        .join(PlanMeasure, col(PlanMeasure.plan_id) == col(PlanVersion.plan_id), isouter=True)
        .where(col(Case.closed_at).is_(None), asked.reach.of_child(Case.student_id))
        .group_by(col(Case.student_id), col(Case.id), col(Case.opened_at))
        .order_by(col(Case.id))
    )  # fmt: skip
