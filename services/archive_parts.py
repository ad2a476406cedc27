"""What a child's archive must hold, part by part: whose it must be in, whether it is there, who owes it (F-01–F-05).

Each part is one row of PARTS with one function each for "must it" and "is it there", as SQL over Student, so that a
list counts them without reading a record. They ask child by child: a list asks for the children of one page alone.
Whoever builds an area adds its row here. What the program has no place for yet stands in LATER: it is named, and
counts as neither there nor missing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, not_, null, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select

from db.base import Labelled
from db.tables import (
    AppUser,
    Assessment,
    CareRecord,
    Case,
    CategoryKind,
    Consent,
    ConsentPurpose,
    PlanState,
    PlanVersion,
    Referral,
    ScreeningResult,
    ScreeningRound,
    Student,
    StudentCategory,
    SupportPlan,
    Term,
    TermEntry,
    TierChange,
    WarningGroup,
    WarningMember,
    WarningRole,
)
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.card_parts import CardPart
from services.case_rhythms import has_gone_on, is_evaluated, is_summed_up
from services.row_filters import sees_cases, sees_plans, sees_referrals
from services.screening.coverage import EXEMPTING
from services.tier_rows import key_rank, rank_today

Condition = Callable[[Actor], ColumnElement[bool]]


class OwedBy(Labelled):
    """Whose part it is."""

    HOMEROOM = "homeroom", "班主任"
    CARE_ROOM = "care_room", "关爱室"
    CASE_OWNER = "case_owner", "个案负责人"


class PartPlace(StrEnum):
    """Where a part is filled in, for the one click that leads there."""

    CHILD = "child"
    CARD = "card"
    TERM = "term"
    ARCHIVE = "archive"
    CASE = "case"
    RECORDS = "records"
    SCREENING = "screening"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an archive."""

    code: str
    label: str
    clause: str
    owed_by: OwedBy
    place: PartPlace
    applies: Condition
    is_there: Condition
    is_care_work: bool = False  # told only to who may know of cases at all


def _everybody(_actor: Actor) -> ColumnElement[bool]:
    return true()


def _left_behind(_actor: Actor) -> ColumnElement[bool]:
    return (
        select(StudentCategory.id)
        .where(
            StudentCategory.student_id == Student.id,
            StudentCategory.kind == CategoryKind.LEFT_BEHIND,
            col(StudentCategory.to_day).is_(None),
        )
        .correlate(Student)
        .exists()
    )


def helped(actor: Actor) -> ColumnElement[bool]:
    """Return whether a child is or was helped in a case that the actor may open (F-01)."""
    found: ColumnElement[bool] = _cases(actor).exists()
    return found


def _cases(actor: Actor) -> Any:
    return (
        select(Case.id)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.student_id == Student.id, sees_cases(actor))
        .correlate(Student)
    )


def _has_basics(_actor: Actor) -> ColumnElement[bool]:
    return and_(col(Student.student_no).is_not(None), _on_card(CardPart.HOME_ADDRESS))


def _has_family(_actor: Actor) -> ColumnElement[bool]:
    return and_(_on_card(CardPart.GUARDIAN_NAME), _on_card(CardPart.GUARDIAN_PHONE))


def _on_card(part: CardPart) -> ColumnElement[bool]:
    return not_(col(Student.card_missing).contains(part.value, autoescape=True))


def _has_card(_actor: Actor) -> ColumnElement[bool]:
    return col(Student.card_parts_filled) == len(CardPart)


def _has_study(_actor: Actor) -> ColumnElement[bool]:
    return _this_term(col(TermEntry.study))


def _has_health(_actor: Actor) -> ColumnElement[bool]:
    return _this_term(col(TermEntry.health))


def _this_term(column: Any) -> ColumnElement[bool]:
    """Return whether the term that runs, or ran last, has something in a column (F-14)."""
    begun = select(func.max(Term.first_day)).where(Term.first_day <= clock.today()).scalar_subquery()
    return (
        select(TermEntry.id)
        .join(Term, col(Term.id) == col(TermEntry.term_id))
        .where(TermEntry.student_id == Student.id, Term.first_day == begun, column.is_not(None))
        .correlate(Student)
        .exists()
    )


def _has_tier(_actor: Actor) -> ColumnElement[bool]:
    return (
        select(TierChange.id)
        .where(TierChange.student_id == Student.id, col(TierChange.number).is_not(None))
        .correlate(Student)
        .exists()
    )


def _is_key(_actor: Actor) -> ColumnElement[bool]:
    is_key: ColumnElement[bool] = func.coalesce(rank_today(col(Student.id)), 0) >= key_rank()
    return is_key


def _has_group(_actor: Actor) -> ColumnElement[bool]:
    """Return whether a group stands with somebody in each of the regulation's seven roles (G-07)."""
    working = select(AppUser.id).where(col(AppUser.is_active))
    return (
        select(WarningGroup.student_id)
        .join(WarningMember, col(WarningMember.group_id) == col(WarningGroup.id))
        .where(
            col(WarningGroup.student_id) == col(Student.id),
            col(WarningGroup.to_day).is_(None),
            col(WarningMember.to_day).is_(None),
            col(WarningMember.role) != WarningRole.OTHER,
            or_(col(WarningMember.user_id).is_(None), col(WarningMember.user_id).in_(working)),
        )
        .group_by(col(WarningGroup.student_id))
        .having(func.count(col(WarningMember.role).distinct()) >= len(WarningRole) - 1)
        .correlate(Student)
        .exists()
    )


def _is_screened_for(_actor: Actor) -> ColumnElement[bool]:
    """Return whom the latest round is for: everybody, once there is one, whose family has not said no (H-01)."""
    refused = select(Consent.id).where(
        col(Consent.student_id) == col(Student.id),
        Consent.purpose == ConsentPurpose.SCREENING,
        col(Consent.answer).in_(EXEMPTING),
        col(Consent.replaced_at).is_(None),
    )
    return and_(select(ScreeningRound.id).exists(), not_(refused.correlate(Student).exists()))


def _has_screening(_actor: Actor) -> ColumnElement[bool]:
    """Return whether there is a valid result of the latest term in which a scale was given."""
    term, latest = aliased(ScreeningRound), aliased(ScreeningRound)
    newest = select(func.max(latest.school_year * 10 + latest.half)).scalar_subquery()
    return (
        select(ScreeningResult.id)
        .join(term, col(term.id) == col(ScreeningResult.round_id))
        .where(
            ScreeningResult.student_id == Student.id,
            ScreeningResult.is_valid,
            term.school_year * 10 + term.half == newest,
        )
        .correlate(Student)
        .exists()
    )


def _has_assessment(actor: Actor) -> ColumnElement[bool]:
    return (
        select(Assessment.id)
        .join(Referral, col(Referral.id) == col(Assessment.referral_id))
        .where(Assessment.student_id == Student.id, Assessment.parts_filled >= 3, sees_referrals(actor))
        .correlate(Student)
        .exists()
    )


def _has_plan(actor: Actor) -> ColumnElement[bool]:
    """Return whether a plan is in force; of who is helped in no open case any more, whether one ever was."""
    plans = (
        select(PlanVersion.id)
        .join(SupportPlan, col(SupportPlan.id) == col(PlanVersion.plan_id))
        .join(Case, col(Case.id) == col(SupportPlan.case_id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
        .where(SupportPlan.student_id == Student.id, sees_plans(actor))
        .correlate(Student)
    )
    is_helped_now = _cases(actor).where(col(Case.closed_at).is_(None)).exists()
    found: ColumnElement[bool] = or_(
        plans.where(PlanVersion.state == PlanState.IN_FORCE).exists(),
        and_(not_(is_helped_now), plans.where(col(PlanVersion.in_force_at).is_not(None)).exists()),
    )
    return found


def _has_records(_actor: Actor) -> ColumnElement[bool]:
    return (
        select(CareRecord.id)
        .where(CareRecord.student_id == Student.id, CareRecord.is_done, col(CareRecord.withdrawn_at).is_(None))
        .correlate(Student)
        .exists()
    )


def _summed_up(actor: Actor) -> ColumnElement[bool]:
    """Return whose case was summed up, or is open and should have been by now (I-04).

    Of a closed case nothing is asked any more: what lacked was answered for when it was closed.
    """
    found: ColumnElement[bool] = _cases(actor).where(or_(is_summed_up(), _is_asked_for())).exists()
    return found


def _has_summary(actor: Actor) -> ColumnElement[bool]:
    found: ColumnElement[bool] = _cases(actor).where(is_summed_up()).exists()
    return found


def _evaluated(actor: Actor) -> ColumnElement[bool]:
    """Return whose case was evaluated, or is open and has gone on for as long (F-01, Q-06)."""
    found: ColumnElement[bool] = _cases(actor).where(or_(is_evaluated(), _is_asked_for())).exists()
    return found


def _has_evaluation(actor: Actor) -> ColumnElement[bool]:
    found: ColumnElement[bool] = _cases(actor).where(is_evaluated()).exists()
    return found


def _is_asked_for() -> ColumnElement[bool]:
    return and_(col(Case.closed_at).is_(None), has_gone_on())


_HOMEROOM, _ROOM, _OWNER = OwedBy.HOMEROOM, OwedBy.CARE_ROOM, OwedBy.CASE_OWNER
PARTS: tuple[Part, ...] = (
    Part("basics", "基本情况", "F-01", _HOMEROOM, PartPlace.CHILD, _everybody, _has_basics),
    Part("family", "家庭和监护人", "F-02", _HOMEROOM, PartPlace.CARD, _everybody, _has_family),
    Part("tier", "分级", "F-04", _ROOM, PartPlace.ARCHIVE, _everybody, _has_tier),
    Part("group", "预警干预小组", "G-07", _ROOM, PartPlace.GROUP, _is_key, _has_group),
    Part("screening", "心理筛查", "H-01", _ROOM, PartPlace.SCREENING, _is_screened_for, _has_screening, True),
    Part("card", "联系卡", "F-02", _HOMEROOM, PartPlace.CARD, _left_behind, _has_card),
    Part("study", "学习情况", "F-02", _HOMEROOM, PartPlace.TERM, _left_behind, _has_study),
    Part("health", "身体情况", "F-02", _HOMEROOM, PartPlace.TERM, _left_behind, _has_health),
    Part("assessment", "需求评估报告", "F-01", _OWNER, PartPlace.CASE, helped, _has_assessment, True),
    Part("plan", "帮扶方案", "F-01", _OWNER, PartPlace.CASE, helped, _has_plan, True),
    Part("records", "工作记录", "F-01", _OWNER, PartPlace.RECORDS, helped, _has_records, True),
    Part("summary", "阶段性总结", "F-01", _OWNER, PartPlace.CASE, _summed_up, _has_summary, True),
    Part("evaluation", "效果评估", "F-01", _OWNER, PartPlace.CASE, _evaluated, _has_evaluation, True),
)
"""Every part, in the order of an archive."""

LATER: tuple[tuple[str, str], ...] = ()
"""What the clauses ask for and the program has no place for yet: nothing now."""


def parts_for(actor: Actor) -> tuple[Part, ...]:
    """Return the parts this actor may know of: of care work only who works on cases."""
    knows = allows(actor, Permission.CASE_READ)
    return tuple(part for part in PARTS if knows or not part.is_care_work)


def part_columns(actor: Actor) -> list[Any]:
    """Return a column a part, over Student: 1 there, 0 missing, NULL where the child's archive need not hold it."""
    return columns_of(parts_for(actor), actor)


def columns_of(parts: Iterable[Part], actor: Actor) -> list[Any]:
    """Return the column of each of these parts, as `part_columns` does."""
    return [
        case((not_(part.applies(actor)), null()), (part.is_there(actor), 1), else_=0).label(f"part_{part.code}")
        for part in parts
    ]
