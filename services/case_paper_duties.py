"""What open cases ask on home: to be summed up (I-04), and their effect to be evaluated once a term (Q-06)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import true
from sqlmodel import col

from db.tables import Case, ClassMembership, Referral, SchoolClass, Student, Term
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.asking_together import Fact, asked
from services.calendar import END_OF_SCHOOL_DAY
from services.case_rhythms import SUMMARY_NOTICE, is_latest_term, summary_due_on, wants_evaluation
from services.classes import known_class
from services.closing_duties import CLASS, answers_for
from services.duties import Duty, DutyKind, group_of
from services.row_filters import sees_cases
from services.students import is_in_class

_SUMMARY, _EVALUATION = DutyKind.SUMMARY, DutyKind.EVALUATION
PAPER_LINES = frozenset({_SUMMARY, _EVALUATION})
"""What its rows are told apart by from what others ask in the same statement."""


def paper_parts(actor: Actor) -> list[Any]:
    """Return what home asks about summaries and evaluations for this person, in asking_together's shape."""
    return [_to_sum_up(actor), _to_evaluate(actor)] if allows(actor, Permission.CASE_READ) else []


def of_papers(actor: Actor, rows: Sequence[Fact], *, now: datetime) -> Iterator[Duty]:
    """Yield what they ask of this person; no further statement."""
    for row in rows:
        if row.about in PAPER_LINES and row.day is not None:
            due_at = clock.at_school(row.day, END_OF_SCHOOL_DAY)
            yield Duty(
                DutyKind(row.about),
                group_of(due_at, now=now),
                due_at=due_at,
                child=row.label,
                class_label=known_class(row.first, row.second),
                is_mine=row.fourth == actor.user_id,
                target_id=row.id,
            )


def _to_sum_up(actor: Actor) -> Any:
    due_on = summary_due_on()
    return _of_open_cases(actor, _SUMMARY, due_on).where(due_on <= clock.today() + SUMMARY_NOTICE)


def _to_evaluate(actor: Actor) -> Any:
    return _of_open_cases(actor, _EVALUATION, col(Term.last_day)).join(Term, true()).where(
        is_latest_term(), wants_evaluation()
    )  # fmt: skip


def _of_open_cases(actor: Actor, kind: DutyKind, day: Any) -> Any:
    rows = asked(kind, of_id=col(Case.id), label=col(Student.name), **CLASS, fourth=col(Case.owner_id), day=day)
    return (
        rows.select_from(Case)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(Student, col(Student.id) == col(Case.student_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(col(Case.closed_at).is_(None), answers_for(actor), sees_cases(actor))
    )
