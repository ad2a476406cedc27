"""Whose records have reached their term, and which of them are kept all the same, and why (S-01)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, and_, col, or_, select

from db.base import Labelled
from db.sealing import unseal
from db.tables import (
    CareRecord,
    Case,
    DropOut,
    OutwardReferral,
    PsychArchive,
    Referral,
    RetentionHold,
    Severity,
    Student,
    TierChange,
)
from services import clock
from services.handover_rules import in_package
from services.parameter_versions import load_numbers
from services.referrals import OPEN_STATES
from services.regulations.parameters import Numbers
from services.students import LEFT_SCHOOL
from services.tier_rows import stood_gravest

REGISTER_YEARS, CARE_YEARS, GRAVE_YEARS = (
    "S-01.keep_register_years",
    "S-01.keep_care_years",
    "S-01.keep_grave_years",
)


class Kept(Labelled):
    """Why records are kept beyond their term."""

    HOLD = "hold", "负责人要留着"
    REFERRAL = "referral", "还有没办完的受理"
    CASE = "case", "还有没结的个案"
    OUTWARD = "outward", "转介出去还在跟进"
    DROP_OUT = "drop_out", "还在劝返"
    ABUSE = "abuse", "标过疑似侵害"
    HANDOVER = "handover", "档案在移交，还没有回执"


@dataclass(frozen=True, slots=True)
class Years:
    """How long records are kept after a child has left, in years."""

    register: int
    care: int
    grave: int


@dataclass(frozen=True, slots=True)
class DueChild:
    """A child whose records, or the care records among them, have reached their term."""

    student_id: int
    name: str
    left_on: date
    due_on: date
    is_whole: bool  # else only the care records are due
    has_care: bool
    kept: tuple[Kept, ...]
    hold_id: int | None = None
    hold_version: int = 0
    hold_reason: str | None = None


def years_after(day: date, years: int) -> date:
    """Return the day so many years later; 29 February becomes 1 March in a common year."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def years_kept(numbers: Numbers) -> Years:
    """Return how long records are kept, by the numbers in force today."""
    today = clock.today()
    return Years(*(numbers.on(name, today) for name in (REGISTER_YEARS, CARE_YEARS, GRAVE_YEARS)))


def find_due(session: Session) -> tuple[list[DueChild], int]:
    """Return who is due, who left longest ago first, and how many left on a day nobody wrote down."""
    years, today = years_kept(load_numbers(session)), clock.today()
    latest = years_before(today, min(years.register, years.care, years.grave))
    rows: Sequence[Any] = session.execute(_facts(latest)).all()
    found = []
    for row in rows:
        if row.Student.left_on is None:
            continue
        child = _due_child(row, years)
        if child.due_on <= today:
            found.append(child)
    return found, sum(row.Student.left_on is None for row in rows)


def years_before(day: date, years: int) -> date:
    """Return the latest day from which so many years have passed by a day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


def _facts(latest: date) -> Any:  # a select of more columns than the stubs know
    """Return everybody who left by a day, with what tells how long the records are kept; one statement."""
    referrals = select(Referral.id).where(Referral.student_id == Student.id)
    cases = select(Case.id).where(Case.student_id == Student.id)
    records = select(CareRecord.id).where(CareRecord.student_id == Student.id)
    outward = select(OutwardReferral.id).where(OutwardReferral.student_id == Student.id)
    columns: list[Any] = [
        Student,
        RetentionHold,
        referrals.exists().label("has_referral"),
        cases.exists().label("has_case"),
        records.exists().label("has_record"),
        or_(cases.where(Case.severity == Severity.SERIOUS).exists(), stood_gravest(col(Student.id))).label("is_grave"),
        select(TierChange.id).where(TierChange.student_id == Student.id).exists().label("has_tier"),
        select(PsychArchive.id).where(PsychArchive.student_id == Student.id).exists().label("has_archive"),
        referrals.where(col(Referral.state).in_(OPEN_STATES)).exists().label("has_open_referral"),
        cases.where(col(Case.closed_at).is_(None)).exists().label("has_open_case"),
        outward.exists().label("has_outward"),
        outward.where(col(OutwardReferral.ended_on).is_(None)).exists().label("is_followed_outside"),
        referrals.where(col(Referral.is_suspected_abuse)).exists().label("is_abuse"),
        select(DropOut.id)
        .where(DropOut.student_id == Student.id, col(DropOut.ended_on).is_(None))
        .exists()
        .label("is_followed"),
        in_package(is_received=False).label("is_handed_over"),
    ]
    return (
        select(*columns)
        .select_from(Student)
        .join(
            RetentionHold,
            and_(col(RetentionHold.student_id) == col(Student.id), col(RetentionHold.lifted_at).is_(None)),
            isouter=True,
        )
        .where(
            col(Student.state).in_(LEFT_SCHOOL),
            col(Student.merged_into_id).is_(None),  # an entry merged into another goes with it
            or_(col(Student.left_on).is_(None), col(Student.left_on) <= latest),
        )
        .order_by(col(Student.left_on), col(Student.id))
    )


def _due_child(row: Any, years: Years) -> DueChild:
    has_care = any((row.has_referral, row.has_case, row.has_record, row.has_tier, row.has_archive, row.has_outward))
    care = years.grave if row.is_grave else years.care
    register = max(
        years.grave if row.is_grave else years.register, care if has_care else 0
    )  # the child's row goes last
    whole_on = years_after(row.Student.left_on, register)
    care_on = years_after(row.Student.left_on, care) if has_care else whole_on
    is_whole = whole_on <= clock.today()
    held = {
        Kept.HOLD: row.RetentionHold is not None,
        Kept.REFERRAL: row.has_open_referral,
        Kept.CASE: row.has_open_case,
        Kept.OUTWARD: row.is_followed_outside,
        Kept.DROP_OUT: row.is_followed,
        Kept.ABUSE: row.is_abuse,
        Kept.HANDOVER: row.is_handed_over,
    }
    hold = row.RetentionHold
    return DueChild(
        student_id=row.Student.id,
        name=row.Student.name,
        left_on=row.Student.left_on,
        due_on=whole_on if is_whole else care_on,
        is_whole=is_whole,
        has_care=has_care,
        kept=tuple(why for why, is_so in held.items() if is_so),
        hold_id=hold.id if hold else None,
        hold_version=hold.version if hold else 0,
        hold_reason=unseal(hold, "reason_sealed") if hold else None,
    )


def digest_of(children: Sequence[DueChild]) -> str:
    """Return what tells whether somebody else would be removed than was shown."""
    words = ",".join(f"{each.student_id}:{each.is_whole}" for each in children)
    return hashlib.sha256(words.encode()).hexdigest()
