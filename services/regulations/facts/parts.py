"""How many of its parts a record has: contact cards, referrals, assessments, work records, groups, evaluations."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import Session, col

from db.tables import (
    AppUser,
    Assessment,
    CareKind,
    CareRecord,
    CareRecordWords,
    Case,
    CategoryKind,
    EffectEvaluation,
    FamilySurvey,
    MeasureState,
    PlanMeasure,
    Referral,
    ReferralState,
    Student,
    StudentCategory,
    SupportPlan,
    TermEntry,
    WarningGroup,
    WarningMember,
    WarningRole,
)
from services import clock
from services.card_parts import CardPart, read_missing
from services.evaluation_kinds import Voice
from services.record_kinds import PARTS
from services.regulations.evaluators import Whole
from services.regulations.facts.reach import Asked
from services.time_line.parts import LocalDay

REFERRAL_PARTS, ASSESSMENT_PARTS, RECORD_PARTS = 3, 3, 6  # D-03, D-06, F-09
REGISTRATION = "left_behind_kind", "guardianship", "found_by"  # E-06
ROLES = tuple(each for each in WarningRole if each is not WarningRole.OTHER)  # the seven of G-07


def read_cards(session: Session, asked: Asked, *, wanted: Collection[CardPart]) -> dict[int, tuple[CardPart, ...]]:
    """Return which of these parts the contact card of every child here lacks, as it is filled in now; one statement."""
    rows = session.execute(
        select(col(Student.id), col(Student.card_missing)).where(
            col(Student.merged_into_id).is_(None), asked.reach.of_child(Student.id)
        )
    )
    return {row_id: tuple(part for part in read_missing(missing) if part in wanted) for row_id, missing in rows}


def read_referrals(session: Session, asked: Asked) -> Iterator[Whole]:
    """Yield the referrals received in the term with how many of the three parts they have (D-03); one statement."""
    rows = session.execute(
        select(col(Referral.id), LocalDay(col(Referral.received_at)), col(Referral.parts_filled)).where(
            col(Referral.state) != ReferralState.MERGED,
            _in_term(asked, Referral.received_at),
            asked.reach.of_child(Referral.student_id),
        )
    )
    return (Whole(row_id, row_id, day, filled, REFERRAL_PARTS) for row_id, day, filled in rows)


def read_assessments(session: Session, asked: Asked) -> Iterator[Whole]:
    """Yield the first assessments of the term, by their referrals (D-06); one statement."""
    rows = session.execute(
        select(col(Assessment.referral_id), LocalDay(col(Assessment.assessed_at)), col(Assessment.parts_filled)).where(
            _in_term(asked, Assessment.assessed_at), asked.reach.of_child(Assessment.student_id)
        )
    )
    return (Whole(row_id, row_id, day, filled, ASSESSMENT_PARTS) for row_id, day, filled in rows)


def read_contacts(session: Session, asked: Asked, *, kinds: Collection[CareKind] | None) -> Iterator[Whole]:
    """Yield the term's contacts that came about, with how many of the six parts are written down; one statement.

    What the school had written before, in its own way, is not asked for them.
    """
    of_kind: list[ColumnElement[bool]] = [] if kinds is None else [col(CareRecord.kind).in_(sorted(kinds))]
    rows = session.execute(
        select(
            col(CareRecord.student_id), col(CareRecord.id), col(CareRecord.day), col(CareRecord.parts_filled),
            col(CareRecord.place).is_(None), col(CareRecordWords.raised_sealed).is_(None),
            col(CareRecordWords.measures_sealed).is_(None), col(CareRecordWords.effect_sealed).is_(None),
        )
        .join(
            CareRecordWords,
            and_(col(CareRecordWords.record_id) == col(CareRecord.id), col(CareRecord.parts_filled) < RECORD_PARTS),
            isouter=True,
        )
        .where(
            col(CareRecord.withdrawn_at).is_(None),
            col(CareRecord.import_id).is_(None),
            col(CareRecord.is_done),
            col(CareRecord.day).between(asked.term.first_day, min(asked.on, asked.term.last_day)),
            *of_kind,
            asked.reach.of_child(CareRecord.student_id),
        )
    )  # fmt: skip
    return (_contact(*row) for row in rows)


def _contact(child: int, row_id: int, day: date, filled: int, *are_missing: bool) -> Whole:
    lacks = [name for name, is_missing in zip(PARTS, are_missing, strict=True) if is_missing]
    return Whole(child, row_id, day, filled, RECORD_PARTS, ",".join(lacks) if filled < RECORD_PARTS else None)


def read_levels(session: Session, asked: Asked, *, kinds: Collection[CategoryKind]) -> Iterator[Whole]:
    """Yield the categories of these kinds that hold on the day, with or without a level (G-02); one statement."""
    rows = session.execute(
        select(
            col(StudentCategory.student_id), col(StudentCategory.id), col(StudentCategory.from_day),
            col(StudentCategory.level),
        ).where(
            col(StudentCategory.kind).in_(sorted(kinds)),
            _holds(StudentCategory, asked.on),
            asked.reach.of_child(StudentCategory.student_id),
        )
    )  # fmt: skip
    return (Whole(child, row_id, day, 1 + (level is not None), 2) for child, row_id, day, level in rows)


def read_reasons(session: Session, asked: Asked) -> Iterator[Whole]:
    """Yield the other categories that hold on the day, with or without what they rest on (E-18); one statement."""
    rows = session.execute(
        select(
            col(StudentCategory.student_id), col(StudentCategory.id), col(StudentCategory.from_day),
            col(StudentCategory.evidence_sealed).is_not(None),
        ).where(
            col(StudentCategory.kind) != CategoryKind.LEFT_BEHIND,
            _holds(StudentCategory, asked.on),
            asked.reach.of_child(StudentCategory.student_id),
        )
    )  # fmt: skip
    return (
        Whole(child, row_id, day, 1 + has_reason, 2, None if has_reason else "evidence")
        for child, row_id, day, has_reason in rows
    )


def read_registrations(session: Session, asked: Asked) -> Iterator[Whole]:
    """Yield who is registered as left behind, and whether it says what the national form asks (E-06); one statement.

    That it was registered in time is asked by the clauses about class checks, that it is true by nobody but people.
    """
    columns = [getattr(StudentCategory, name) for name in REGISTRATION]
    rows = session.execute(
        select(
            col(StudentCategory.student_id), col(StudentCategory.id), col(StudentCategory.from_day), *map(col, columns)
        ).where(
            col(StudentCategory.kind) == CategoryKind.LEFT_BEHIND,
            _holds(StudentCategory, asked.on),
            asked.reach.of_child(StudentCategory.student_id),
        )
    )
    for child, row_id, day, *told in rows:
        lacks = [name for name, value in zip(REGISTRATION, told, strict=True) if value is None]
        filled = len(REGISTRATION) - len(lacks)
        yield Whole(child, row_id, day, filled, len(REGISTRATION), ",".join(lacks) or None)


def read_surveys(session: Session, asked: Asked) -> set[int]:
    """Return whose family somebody has asked how it manages and what the child needs (E-04); one statement."""
    rows = session.execute(
        select(col(FamilySurvey.student_id)).where(
            col(FamilySurvey.replaced_at).is_(None),
            col(FamilySurvey.asked_on) <= asked.on,
            asked.reach.of_child(FamilySurvey.student_id),
        )
    )
    return set(rows.scalars())


def read_groups(session: Session, asked: Asked) -> Iterator[Whole]:
    """Yield the warning groups that stand on a day, and how many of the seven roles sit in them (G-07); one statement.

    Of staff only who still has an account sits there.
    """
    working = select(col(AppUser.id)).where(col(AppUser.is_active))
    rows = session.execute(
        select(col(WarningGroup.id), col(WarningGroup.from_day), col(WarningMember.role))
        .join(
            WarningMember,
            and_(
                col(WarningMember.group_id) == col(WarningGroup.id),
                _holds(WarningMember, asked.on),
                or_(col(WarningMember.user_id).is_(None), col(WarningMember.user_id).in_(working)),
            ),
            isouter=True,
        )
        .where(_holds(WarningGroup, asked.on), asked.reach.of_child(WarningGroup.student_id))
    )
    seats: dict[tuple[int, date], set[WarningRole]] = defaultdict(set)
    for group_id, from_day, role in rows:
        seats[group_id, from_day].add(role)
    for (group_id, from_day), taken in seats.items():
        lacks = [each for each in ROLES if each not in taken]
        yield Whole(group_id, group_id, from_day, len(ROLES) - len(lacks), len(ROLES), _named(lacks))


def read_measures(session: Session, asked: Asked) -> Iterator[Whole]:
    """Yield the open measures of plans in force, by their cases: who and until when, which none is without (I-02)."""
    rows = session.execute(
        select(col(SupportPlan.case_id), col(PlanMeasure.id), col(PlanMeasure.starts_on))
        .join(SupportPlan, col(SupportPlan.id) == col(PlanMeasure.plan_id))
        .where(
            col(SupportPlan.case_id).is_not(None),
            col(PlanMeasure.state) == MeasureState.OPEN,
            col(PlanMeasure.left_at).is_(None),
            col(PlanMeasure.starts_on) <= asked.on,
            asked.reach.of_child(SupportPlan.student_id),
        )
    )
    return (Whole(case_id, row_id, day, 2, 2) for case_id, row_id, day in rows)


def read_voices(session: Session, asked: Asked) -> Iterator[Whole]:
    """Yield the term's evaluations of cases with how many of the four voices were heard (Q-07); one statement."""
    rows = session.execute(
        select(
            col(EffectEvaluation.case_id), col(EffectEvaluation.id), col(EffectEvaluation.held_on),
            col(EffectEvaluation.voices),
        )
        .join(Case, col(Case.id) == col(EffectEvaluation.case_id))
        .where(
            col(EffectEvaluation.held_on).between(asked.term.first_day, min(asked.on, asked.term.last_day)),
            asked.reach.of_child(Case.student_id),
        )
    )  # fmt: skip
    return (Whole(case_id, row_id, day, voices, len(Voice)) for case_id, row_id, day, voices in rows)


def read_entries(session: Session, asked: Asked) -> Mapping[int, tuple[int, int, str | None]]:
    """Return of each child the term's entry: its number, of results and health how much it has, and what it lacks."""
    columns = col(TermEntry.student_id), col(TermEntry.id), col(TermEntry.study), col(TermEntry.health)
    rows = session.execute(
        select(*columns).where(col(TermEntry.term_id) == asked.term.id, asked.reach.of_child(TermEntry.student_id))
    )
    found = {}
    for student_id, row_id, study, health in rows:
        lacks = [name for name, value in (("study", study), ("health", health)) if value is None]
        found[student_id] = (row_id, 2 - len(lacks), ",".join(lacks) or None)
    return found


def _named(parts: Collection[Any]) -> str | None:
    return ",".join(each.value for each in parts) or None


def _in_term(asked: Asked, moment: Any) -> ColumnElement[bool]:  # a column
    last = min(asked.on, asked.term.last_day)
    begins, ends = clock.at_school(asked.term.first_day, time(0)), clock.at_school(last + timedelta(days=1), time(0))
    found: ColumnElement[bool] = and_(col(moment) >= begins, col(moment) < ends)
    return found


def _holds(table: Any, on: date) -> ColumnElement[bool]:  # tables have no common public type
    return and_(col(table.from_day) <= on, or_(col(table.to_day).is_(None), col(table.to_day) > on))
