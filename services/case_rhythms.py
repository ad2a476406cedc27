"""When a case is to be summed up (I-04) and its effect evaluated (Q-06), as SQL over Case: one place for all who ask.

What the school set for the numbers stands in the statements, so that whoever puts one together needs no calendar.
"""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, FunctionElement, Integer, and_, cast, or_
from sqlalchemy.ext.compiler import compiles
from sqlmodel import col, func, select

from db.tables import Case, EffectEvaluation, EvaluationMoment, ParameterVersion, StageSummary, Term
from services import clock
from services.case_stages import begun_at
from services.regulations.parameters import parameters
from services.time_line.parts import LocalDay

SUMMARY_EVERY, EVALUATIONS, SOURCES = "I-04.summary_every_days", "Q-06.evaluations_a_term", "Q-06.sources"
DIMENSIONS = 4
SUMMARY_NOTICE, EVALUATION_NOTICE = timedelta(days=7), timedelta(days=28)
"""So long before its day it stands on home: several people are asked for an evaluation."""


class DayAfter(FunctionElement[date]):
    """A day so many days after another, in SQL."""

    type = Date()
    inherit_cache = True
    name = "day_after"


@compiles(DayAfter, "sqlite")
def _day_after_embedded(element: DayAfter, compiler: Any, **options: Any) -> str:
    day, number = (compiler.process(each, **options) for each in element.clauses)
    return f"date({day}, '+' || {number} || ' days')"


@compiles(DayAfter, "postgresql")
def _day_after_on_a_server(element: DayAfter, compiler: Any, **options: Any) -> str:
    day, number = (compiler.process(each, **options) for each in element.clauses)
    return f"({day} + {number})"


def number_today(name: str) -> ColumnElement[int]:
    """Return a number of the regulations as it is in force today, as a column."""
    return _number_on(name, clock.today())


def _number_on(name: str, day: Any) -> ColumnElement[int]:  # a day, or a column of days
    version = ParameterVersion
    value = (
        select(cast(version.value, Integer))
        .where(
            version.name == name, col(version.withdrawn_at).is_(None), col(version.in_force_from) <= day
        )
        .order_by(col(version.in_force_from).desc(), col(version.number).desc())
        .limit(1)
    )  # fmt: skip
    return func.coalesce(value.scalar_subquery(), parameters()[name].default)


# --- stage summaries ---


def summary_due_on() -> ColumnElement[date]:
    """Return when a case is to be summed up next: as its last summary says, else so long after it began."""
    following = (
        select(col(StageSummary.next_on))
        .where(StageSummary.case_id == Case.id, col(StageSummary.to_on) >= _begun_on())
        .order_by(col(StageSummary.to_on).desc(), col(StageSummary.id).desc())
        .limit(1)
        .correlate(Case)
    )
    return func.coalesce(following.scalar_subquery(), _first_summary_on(), type_=Date())


def has_gone_on() -> ColumnElement[bool]:
    """Return whether a case is under way for so long that it should have been summed up once."""
    gone_on: ColumnElement[bool] = _first_summary_on() <= clock.today()
    return gone_on


def is_summed_up() -> ColumnElement[bool]:
    """Return whether there is a summary of the case at all."""
    found: ColumnElement[bool] = _summaries().exists()
    return found


def calls_for_summary() -> Any:  # a Select with a row where it does
    """Return the case itself where it was summed up or should have been."""
    return select(1).where(or_(has_gone_on(), is_summed_up()))


def _summaries() -> Any:
    return select(StageSummary.id).where(StageSummary.case_id == Case.id).correlate(Case)


def _first_summary_on() -> Any:
    return DayAfter(_begun_on(), _number_on(SUMMARY_EVERY, _begun_on()))


def _begun_on() -> Any:
    return LocalDay(begun_at())


# --- evaluations of the effect ---


def is_complete() -> ColumnElement[bool]:
    """Return which evaluations count: all four dimensions, and as many voices as the school asks for (Q-06, Q-07)."""
    return and_(col(EffectEvaluation.dimensions) == DIMENSIONS, col(EffectEvaluation.voices) >= number_today(SOURCES))


def is_evaluated(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether there is a complete evaluation of the case that also fulfils these conditions."""
    found: ColumnElement[bool] = (
        select(EffectEvaluation.id)
        .where(EffectEvaluation.case_id == Case.id, is_complete(), *conditions)
        .correlate(Case)
        .exists()
    )
    return found


def is_evaluated_at_end() -> ColumnElement[bool]:
    """Return whether it was evaluated for closing, since it began or was opened again last."""
    return is_evaluated(
        col(EffectEvaluation.moment) == EvaluationMoment.END, col(EffectEvaluation.held_on) >= _begun_on()
    )


def wants_evaluation() -> ColumnElement[bool]:
    """Return on Case joined with the latest Term whether it was evaluated less often in it than the school says."""
    done = (
        select(func.count())
        .select_from(EffectEvaluation)
        .where(
            EffectEvaluation.case_id == Case.id,
            is_complete(),
            col(EffectEvaluation.held_on) >= col(Term.first_day),
        )
        .correlate(Case, Term)
    )
    return and_(
        done.scalar_subquery() < number_today(EVALUATIONS),
        _begun_on() <= col(Term.last_day),
        col(Term.last_day) <= clock.today() + EVALUATION_NOTICE,
    )


def is_latest_term() -> ColumnElement[bool]:
    """Return which Term runs today, or ran last."""
    begun = select(func.max(Term.first_day)).where(col(Term.first_day) <= clock.today()).correlate(None)
    return col(Term.first_day) == begun.scalar_subquery()
