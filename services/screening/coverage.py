"""How far a round is, class by class: screened, exempt, away, missing; left-behind children first (H-02, X-07)."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import and_, case, or_
from sqlmodel import Session, col, func, select

from db.base import Labelled
from db.tables import (
    CategoryKind,
    ClassMembership,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    SchoolClass,
    ScreeningAbsence,
    ScreeningResult,
    ScreeningRound,
    Student,
    StudentCategory,
)
from services import clock
from services.access import Permission, Scope, Subject, permitted, scopes_of
from services.actors import Actor
from services.calendar import load_calendar
from services.classes import class_label
from services.errors import NotFound
from services.figures import Records, hold_back_small_within, total_of
from services.row_filters import classes_of
from services.screening.known import known_scales
from services.screening.rounds import Term, last_day_of

EXEMPTING = (ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN)


class Standing(Labelled):
    """How a child stands in a round; the first that holds counts."""

    SCREENED = "screened", "测了"
    VOID = "void", "作废，要重测"
    EXEMPT = "exempt", "家里不同意，免测"
    ABSENT = "absent", "没来测"
    MISSING = "missing", "没有结果"


@dataclass(slots=True)
class ClassCoverage:
    """How far one class is."""

    class_id: int
    label: str
    counts: Counter[Standing] = field(default_factory=Counter)
    consented: int = 0
    unconsented: int = 0  # with a result, without the family's yes
    left_behind_missing: int = 0

    @property
    def pupils(self) -> int:
        """How many children are in it."""
        return self.counts.total()

    @property
    def owed(self) -> int:
        """How many still have to be tested: neither screened nor exempt."""
        return self.pupils - self.counts[Standing.SCREENED] - self.counts[Standing.EXEMPT]

    @property
    def share(self) -> int | None:
        """How many of a hundred who are not exempt are screened; None where nobody has to be."""
        counted = self.pupils - self.counts[Standing.EXEMPT]
        return self.counts[Standing.SCREENED] * 100 // counted if counted else None


@dataclass(frozen=True, slots=True)
class RoundNumbers:
    """A round as numbers for who may see numbers only; None where too few children stand behind one."""

    standings: dict[Standing, int | None]
    pupils: int | None
    levels: dict[str, int | None]  # by the level's name, of the latest valid results


@permitted(Permission.SCREENING_READ)
def list_coverage(session: Session, actor: Actor, *, round_id: int) -> list[ClassCoverage]:
    """Return the classes this actor follows with how far each is, those that owe most first; three statements.

    Raises:
        NotFound: there is no such round.
    """
    found = _round(session, round_id)
    kids = _standings(found, _day(session, found))
    grouped = select(  # type: ignore[call-overload]  # more columns than the stubs know
        kids.c.class_id, kids.c.grade, kids.c.number, kids.c.valid, kids.c.is_away, kids.c.answer, kids.c.is_left,
        func.count(),
    ).group_by(
        kids.c.class_id, kids.c.grade, kids.c.number, kids.c.valid, kids.c.is_away, kids.c.answer, kids.c.is_left
    ).order_by(kids.c.grade, kids.c.number)  # fmt: skip
    if Scope.ALL not in scopes_of(actor, Subject.SCREENING):
        grouped = grouped.where(kids.c.class_id.in_(classes_of(actor)))
    classes: dict[int, ClassCoverage] = {}
    for class_id, grade, number, valid, is_away, answer, is_left, count in session.execute(grouped):
        each = classes.setdefault(class_id, ClassCoverage(class_id, class_label(grade, number)))
        standing = _standing(valid, is_away, answer)
        each.counts[standing] += count
        each.consented += count * (answer == ConsentAnswer.GIVEN)
        each.unconsented += count * (valid is not None and answer != ConsentAnswer.GIVEN)
        if is_left and standing not in (Standing.SCREENED, Standing.EXEMPT):
            each.left_behind_missing += count
    return sorted(classes.values(), key=lambda each: (-each.left_behind_missing, -each.owed))


@dataclass(frozen=True, slots=True)
class NotScreened:
    """A child a round has no valid result of."""

    student_id: int
    name: str
    standing: Standing
    is_left_behind: bool


@permitted(Permission.SCREENING_READ)
def list_not_screened(session: Session, actor: Actor, *, round_id: int, class_id: int) -> list[NotScreened]:
    """Return the children of a class without a valid result, left-behind children first; three statements.

    Raises:
        NotFound: there is no such round, or the class is not this actor's.
    """
    found = _round(session, round_id)
    kids = _standings(found, _day(session, found))
    wanted = (
        select(Student.id, Student.name, kids.c.valid, kids.c.is_away, kids.c.answer, kids.c.is_left)  # type: ignore[call-overload]
        .join(kids, kids.c.student_id == col(Student.id))
        .where(kids.c.class_id == class_id, func.coalesce(kids.c.valid, 0) == 0)
        .order_by(kids.c.is_left.desc(), col(Student.name_order), col(Student.id))
    )
    if Scope.ALL not in scopes_of(actor, Subject.SCREENING):
        wanted = wanted.where(kids.c.class_id.in_(classes_of(actor)))
    return [
        NotScreened(student_id, name, _standing(valid, is_away, answer), bool(is_left))
        for student_id, name, valid, is_away, answer, is_left in session.execute(wanted)
    ]


@permitted(Permission.SCREENING_NUMBERS)
def find_numbers(session: Session, actor: Actor, *, round_id: int) -> RoundNumbers:
    """Return a round of the whole school as numbers, groups under five held back also by subtraction.

    Raises:
        NotFound: there is no such round.
    """
    found = _round(session, round_id)
    kids = _standings(found, _day(session, found))
    rows = session.execute(select(kids.c.student_id, kids.c.valid, kids.c.is_away, kids.c.answer))
    latest = _latest_levels(session, round_id)
    scale = known_scales().get(found.scale)
    names = [each.name for each in scale.levels] if scale else []
    others: dict[str, Records] = {each.value: Counter() for each in Standing if each is not Standing.SCREENED}
    screened: dict[str, Records] = {name: Counter() for name in (*names, Standing.SCREENED.value)}  # the last: no level
    for student_id, valid, is_away, answer in rows:
        standing = _standing(valid, is_away, answer)
        level = scale.level(latest[student_id]) if scale and student_id in latest else None
        if standing is not Standing.SCREENED:
            others[standing.value][student_id] += 1
        else:
            screened[level.name if level else standing.value][student_id] += 1
    told, within = hold_back_small_within(others, screened)
    return RoundNumbers(
        standings={each: within.total if each is Standing.SCREENED else told[each.value] for each in Standing},
        pupils=total_of(others | screened),
        levels={name: within.parts[name] for name in names},
    )


def _round(session: Session, round_id: int) -> ScreeningRound:
    found = session.get(ScreeningRound, round_id)
    if found is None:
        raise NotFound
    return found


def _latest_levels(session: Session, round_id: int) -> dict[int, str]:
    """Return the level of each child's latest valid result."""
    rows = session.exec(
        select(ScreeningResult.student_id, ScreeningResult.level)
        .where(ScreeningResult.round_id == round_id, col(ScreeningResult.is_valid))
        .order_by(col(ScreeningResult.taken_on), col(ScreeningResult.id))
    )
    return dict(rows.all())


def _day(session: Session, found: ScreeningRound) -> date:
    """Return the day whose classes count: today, or the last of a term that is over."""
    return min(clock.today(), last_day_of(load_calendar(session), Term(found.school_year, found.half)))


def _standing(valid: int | None, is_away: int, answer: ConsentAnswer | None) -> Standing:
    if valid:
        return Standing.SCREENED
    if answer in EXEMPTING:
        return Standing.EXEMPT
    if valid is not None:
        return Standing.VOID
    return Standing.ABSENT if is_away else Standing.MISSING


def _standings(found: ScreeningRound, day: date) -> Any:
    """Return, one row a child in a class on a day, whether it has a valid result, was away, what its family says."""
    results = (
        select(
            col(ScreeningResult.student_id).label("student_id"),
            func.max(case((col(ScreeningResult.is_valid), 1), else_=0)).label("valid"),
        )
        .where(col(ScreeningResult.round_id) == found.id)
        .group_by(col(ScreeningResult.student_id))
        .subquery()
    )
    said = and_(
        col(Consent.student_id) == col(Student.id),
        col(Consent.purpose) == ConsentPurpose.SCREENING,
        col(Consent.replaced_at).is_(None),
    )
    away = select(ScreeningAbsence.student_id).where(ScreeningAbsence.round_id == found.id)
    left = select(StudentCategory.student_id).where(
        StudentCategory.kind == CategoryKind.LEFT_BEHIND, _covers(StudentCategory, day)
    )
    columns: list[Any] = [
        col(Student.id).label("student_id"),
        col(SchoolClass.id).label("class_id"),
        col(SchoolClass.grade).label("grade"),
        col(SchoolClass.number).label("number"),
        results.c.valid.label("valid"),
        case((col(Student.id).in_(away), 1), else_=0).label("is_away"),
        col(Consent.answer).label("answer"),
        case((col(Student.id).in_(left), 1), else_=0).label("is_left"),
    ]
    return (
        select(*columns)
        .select_from(ClassMembership)
        .join(Student, col(Student.id) == col(ClassMembership.student_id))
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .join(results, results.c.student_id == col(Student.id), isouter=True)
        .join(Consent, said, isouter=True)
        .where(
            col(SchoolClass.school_year) == found.school_year,
            _covers(ClassMembership, day),
            col(Student.merged_into_id).is_(None),
        )
        .subquery()
    )


def _covers(table: Any, day: date) -> Any:
    return and_(col(table.from_day) <= day, or_(col(table.to_day).is_(None), col(table.to_day) > day))
