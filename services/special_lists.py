"""The 四特 children and when each was last seen for a check (G-01, G-02)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select

from db.tables import (
    AppUser,
    CareOption,
    CheckFinding,
    CheckKind,
    CheckReturn,
    CheckRound,
    ClassMembership,
    SchoolClass,
    SpecialKind,
    Student,
    StudentCategory,
)
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.check_kinds import COVERED, period_of
from services.classes import class_label
from services.row_filters import sees_students
from services.student_rights import writes_students
from services.students import LEFT_SCHOOL


@dataclass(frozen=True, slots=True)
class SpecialChild:
    """One child in one kind of 四特, and when it was last seen for a check."""

    student_id: int
    name: str
    class_label: str
    kind_name: str  # in the school's words
    level: int | None
    level_name: str | None
    seen_on: date | None
    seen_by: str | None
    is_seen_now: bool  # in the quarter under way


@permitted(Permission.CHECK_RETURN)
def list_special_children(session: Session, actor: Actor) -> list[SpecialChild]:
    """Return the 四特 children whose classes this actor goes through, whom nobody has seen first; one statement.

    Raises:
        NoTerm: no term is entered.
    """
    quarter = period_of(load_calendar(session), CheckKind.SPECIAL_CHECK).quarter_from
    finding, returned = aliased(CheckFinding), aliased(CheckReturn)
    of_return, of_round = aliased(CheckReturn), aliased(CheckRound)
    last = (  # every child's check of 四特 names a day, so the newest line is the last time
        select(func.max(finding.id))
        .join(returned, col(returned.id) == col(finding.return_id))
        .where(
            finding.category_id == StudentCategory.id,
            col(finding.seen_on).is_not(None),
            col(returned.replaced_at).is_(None),
        )
        .correlate(StudentCategory)
        .scalar_subquery()
    )
    writer = writes_students(actor, Permission.CHECK_RETURN).actor
    rows = session.execute(
        select(  # type: ignore[call-overload]  # more columns than the stubs know
            Student.id,
            Student.name,
            SchoolClass.grade,
            SchoolClass.number,
            StudentCategory.kind,
            SpecialKind.label,
            StudentCategory.level,
            CareOption.label,
            CheckFinding.seen_on,
            AppUser.display_name,
            func.coalesce(of_round.quarter_from == quarter, False),
        )
        .select_from(StudentCategory)
        .join(Student, col(Student.id) == col(StudentCategory.student_id))
        .join(
            ClassMembership,
            and_(col(ClassMembership.student_id) == col(Student.id), col(ClassMembership.to_day).is_(None)),
        )
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .join(SpecialKind, col(SpecialKind.kind) == col(StudentCategory.kind), isouter=True)
        .join(CareOption, col(CareOption.level) == col(StudentCategory.level), isouter=True)
        .join(CheckFinding, col(CheckFinding.id) == last, isouter=True)
        .join(of_return, col(of_return.id) == col(CheckFinding.return_id), isouter=True)
        .join(of_round, col(of_round.id) == col(of_return.round_id), isouter=True)
        .join(AppUser, col(AppUser.id) == col(CheckFinding.seen_by_id), isouter=True)
        .where(
            col(StudentCategory.to_day).is_(None),
            col(StudentCategory.kind).in_(COVERED[CheckKind.SPECIAL_CHECK]),
            col(Student.state).not_in(LEFT_SCHOOL),
            sees_students(writer),
            sees_students(writer, Subject.CATEGORY),
        )
        .order_by(
            or_(col(of_round.quarter_from).is_(None), of_round.quarter_from != quarter).desc(),
            col(SchoolClass.grade),
            col(SchoolClass.number),
            col(Student.name_order),
            col(Student.id),
            col(StudentCategory.id),
        )
    ).all()
    return [
        SpecialChild(child, name, class_label(grade, number), word or kind.label, level, level_name, day, by, is_now)
        for child, name, grade, number, kind, word, level, level_name, day, by, is_now in rows
    ]
