"""The lines of what was worked on: records, referrals, cases with what hangs on them, tiers, who stays away."""

from typing import Any

from sqlalchemy import String, case, cast, literal
from sqlmodel import col, func, select

from db.tables import (
    Assessment,
    CareRecord,
    Case,
    CaseClosure,
    CaseConference,
    ClosingState,
    DropOut,
    EffectEvaluation,
    OutwardReferral,
    PlanState,
    PlanVersion,
    Referral,
    ScreeningResult,
    ScreeningRound,
    StageSummary,
    Student,
    SupportPlan,
    Tier,
    TierChange,
    TierState,
)
from services.access import Subject
from services.actors import Actor
from services.record_views import opens_words, sees_records, shown_helper
from services.referral_lists import shown_state
from services.row_filters import sees_cases, sees_drop_outs, sees_outward, sees_plans, sees_referrals, sees_students
from services.time_line.parts import IMPORTED, Lines, LocalDay, Source, line_columns, name_of


def _value(column: Any) -> Any:
    """Return an enumeration's column as its value, without the conversion."""
    return cast(column, String)


def records(actor: Actor, student_id: int) -> Lines:
    """Work records: withdrawn and tried ones too, without a word."""
    row = CareRecord
    state = case((col(row.withdrawn_at).is_not(None), "withdrawn"), (col(row.is_done), "done"), else_="tried")
    columns = line_columns(
        Source.RECORD,
        kind=row.kind,
        record_id=col(row.id),
        day=col(row.day),
        at=col(row.recorded_at),
        what=row.kind,
        state=state,
        label=case((col(row.is_done), _value(row.place)), else_=_value(row.not_reached)),
        detail=case((col(row.import_id).is_not(None), IMPORTED), else_=None),
        number=col(row.minutes),
        person=_done_by(),
        may_open=opens_words(actor),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_records(actor))
    )


def _done_by() -> Any:
    """Return who did what a record tells of, as `RecordRow.done_by` says it."""
    row, author = CareRecord, func.coalesce(name_of(CareRecord.author_id), col(CareRecord.author_name))
    written = literal("（").concat(author).concat("记）")
    return case((col(row.helper_id).is_not(None), shown_helper().concat(func.coalesce(written, ""))), else_=author)


def referrals(actor: Actor, student_id: int) -> Lines:
    """Referrals, in the state this actor may know."""
    row = Referral
    columns = line_columns(
        Source.REFERRAL,
        record_id=col(row.id),
        day=LocalDay(col(row.received_at)),
        at=col(row.received_at),
        what=row.channel,
        state=shown_state(actor),
    )
    return select(*columns).where(row.student_id == student_id, sees_referrals(actor))


def assessments(actor: Actor, student_id: int) -> Lines:
    """Assessments, which are read with their case."""
    row = Assessment
    columns = line_columns(
        Source.ASSESSMENT,
        record_id=col(Case.id),
        day=LocalDay(col(row.assessed_at)),
        at=col(row.assessed_at),
        what=row.severity,
        person=name_of(row.assessed_by_id),
    )
    return (
        select(*columns)
        .join(Case, col(Case.referral_id) == col(row.referral_id))
        .join(Referral, col(Referral.id) == col(row.referral_id))
        .where(row.student_id == student_id, sees_cases(actor))
    )


def cases(actor: Actor, student_id: int) -> Lines:
    """That a case was opened."""
    columns = line_columns(
        Source.CASE,
        record_id=col(Case.id),
        day=LocalDay(col(Case.opened_at)),
        at=col(Case.opened_at),
        what=Case.severity,
        person=name_of(Case.owner_id),
    )
    return (
        select(*columns)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.student_id == student_id, sees_cases(actor))
    )


def conferences(actor: Actor, student_id: int) -> Lines:
    """Conferences: called, then held."""
    row = CaseConference
    at = func.coalesce(col(row.held_at), col(row.called_at), type_=row.called_at.type)  # type: ignore[attr-defined]
    columns = line_columns(
        Source.CONFERENCE,
        record_id=col(Case.id),
        day=LocalDay(at),
        at=at,
        state=case((col(row.held_at).is_not(None), "held"), else_="called"),
        person=name_of(row.recorded_by_id),
    )
    return (
        select(*columns)
        .join(Case, col(Case.id) == col(row.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.student_id == student_id, sees_cases(actor))
    )


def plans(actor: Actor, student_id: int) -> Lines:
    """That a version of a plan came into force; drafts and what waits for a yes stand with the plan."""
    lines = _plan_lines(actor, student_id, at=col(PlanVersion.in_force_at), state="began")
    return lines.where(col(PlanVersion.in_force_at).is_not(None))


def ended_plans(actor: Actor, student_id: int) -> Lines:
    """That a plan has ended; a draft that was given up ends none."""
    lines = _plan_lines(actor, student_id, at=col(PlanVersion.ended_at), state="ended")
    return lines.where(col(PlanVersion.state) == PlanState.ENDED, col(PlanVersion.in_force_at).is_not(None))


def _plan_lines(actor: Actor, student_id: int, *, at: Any, state: str) -> Lines:
    columns = line_columns(
        Source.PLAN,
        record_id=col(SupportPlan.id),
        day=LocalDay(at),
        at=at,
        what=SupportPlan.kind,
        state=literal(state),
        number=col(PlanVersion.number),
        person=name_of(SupportPlan.owner_id),
    )
    return (
        select(*columns)
        .select_from(PlanVersion)
        .join(SupportPlan, col(SupportPlan.id) == col(PlanVersion.plan_id))
        .join(Case, col(Case.id) == col(SupportPlan.case_id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
        .where(SupportPlan.student_id == student_id, sees_plans(actor))
    )


def tiers(actor: Actor, student_id: int) -> Lines:
    """What counted of a child's tiers, for who may read why; a lowering that waits stands with the archive."""
    row = TierChange
    columns = line_columns(
        Source.TIER,
        record_id=col(row.student_id),  # the archive's page is asked for the child
        day=col(row.from_day),
        at=col(row.recorded_at),
        label=Tier.label,
        person=name_of(row.author_id),
    )
    return (
        select(*columns)
        .join(Tier, col(Tier.id) == col(row.tier_id))
        .join(Student, col(Student.id) == col(row.student_id))
        .where(
            row.student_id == student_id,
            row.state == TierState.STANDING,
            sees_students(actor, Subject.TIER),
        )
    )


def screenings(actor: Actor, student_id: int) -> Lines:
    """Results of questionnaires, for who reads scores: the level, no score."""
    row = ScreeningResult
    columns = line_columns(
        Source.SCREENING,
        record_id=col(row.student_id),  # the results' page is asked for the child
        day=col(row.taken_on),
        at=col(row.recorded_at),
        what=ScreeningRound.scale,
        state=case((col(row.is_valid), _value(row.level)), else_="void"),
        detail=case((col(row.is_urgent), "urgent")),
    )
    return (
        select(*columns)
        .join(ScreeningRound, col(ScreeningRound.id) == col(row.round_id))
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_students(actor, Subject.SCREENING))
    )


def closings(actor: Actor, student_id: int) -> Lines:
    """Cases closed by a second person's yes, reopened since or not."""
    row = CaseClosure
    closed = _closing_lines(actor, student_id, state="closed", at=col(row.decided_at), by=row.decided_by_id)
    return closed.where(row.state == ClosingState.AGREED)


def reopenings(actor: Actor, student_id: int) -> Lines:
    """Cases opened again."""
    row = CaseClosure
    reopened = _closing_lines(actor, student_id, state="reopened", at=col(row.reopened_at), by=row.reopened_by_id)
    return reopened.where(col(row.reopened_at).is_not(None))


def looks_after_closing(actor: Actor, student_id: int) -> Lines:
    """How a child did some time after its case was closed, on the day it was looked at."""
    row = CaseClosure
    followed = _closing_lines(
        actor, student_id, state="followed", at=col(row.decided_at), by=row.followed_by_id, day=col(row.followed_on)
    )
    return followed.where(col(row.followed_on).is_not(None))


def _closing_lines(actor: Actor, student_id: int, *, state: str, at: Any, by: Any, day: Any = None) -> Lines:
    columns = line_columns(
        Source.CLOSING,
        record_id=col(Case.id),
        day=LocalDay(at) if day is None else day,
        at=at,
        what=CaseClosure.outcome,
        state=literal(state),
        person=name_of(by),
    )
    return (
        select(*columns)
        .join(Case, col(Case.id) == col(CaseClosure.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.student_id == student_id, sees_cases(actor))
    )


def summaries(actor: Actor, student_id: int) -> Lines:
    """Stage summaries of cases, on the last day they are about."""
    row = StageSummary
    columns = line_columns(
        Source.SUMMARY,
        record_id=col(row.case_id),
        day=col(row.to_on),
        at=col(row.written_at),
        person=name_of(row.written_by_id),
    )
    return _of_cases(select(*columns).join(Case, col(Case.id) == col(row.case_id)), actor, student_id)


def evaluations(actor: Actor, student_id: int) -> Lines:
    """Evaluations of what a case did, on the day the last voice spoke; no score."""
    row = EffectEvaluation
    columns = line_columns(
        Source.EVALUATION,
        record_id=col(row.case_id),
        day=col(row.held_on),
        at=col(row.written_at),
        what=row.moment,
        number=col(row.voices),
        person=name_of(row.written_by_id),
    )
    return _of_cases(select(*columns).join(Case, col(Case.id) == col(row.case_id)), actor, student_id)


def _of_cases(lines: Lines, actor: Actor, student_id: int) -> Lines:
    return lines.join(Referral, col(Referral.id) == col(Case.referral_id)).where(
        Case.student_id == student_id, sees_cases(actor)
    )


def outward(actor: Actor, student_id: int) -> Lines:
    """That a child was referred out; the same row says that it ended, and when it did that is a line of its own."""
    return _outward_lines(actor, student_id, day=col(OutwardReferral.referred_on), state=literal("began"))


def ended_outward(actor: Actor, student_id: int) -> Lines:
    """That a referral out has ended, and how."""
    ended = _outward_lines(actor, student_id, day=col(OutwardReferral.ended_on), state=OutwardReferral.outcome)
    return ended.where(col(OutwardReferral.ended_on).is_not(None))


def _outward_lines(actor: Actor, student_id: int, *, day: object, state: Any) -> Lines:
    row = OutwardReferral
    columns = line_columns(
        Source.OUTWARD,
        record_id=col(row.id),
        day=day,
        at=col(row.recorded_at),
        what=row.target_kind,
        state=state,
        person=name_of(row.owner_id),
    )
    return select(*columns).where(row.student_id == student_id, sees_outward(actor))


def drop_outs(actor: Actor, student_id: int) -> Lines:
    """That a child stayed away, and how it ended."""
    row = DropOut
    columns = line_columns(
        Source.DROP_OUT,
        record_id=col(row.id),
        day=col(row.noticed_on),
        at=col(row.recorded_at),
        what=row.reason,
        state=func.coalesce(_value(row.outcome), "open"),
        person=name_of(row.recorded_by_id),
    )
    return select(*columns).where(row.student_id == student_id, sees_drop_outs(actor))
