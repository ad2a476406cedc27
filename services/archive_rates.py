"""How many children have an archive, of those who must (建档率): live, by class and grade (F-03, E-11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, case, not_, or_
from sqlmodel import Session, col, func, select

from db.tables import CategoryKind, ClassMembership, PsychArchive, SchoolClass, Student, StudentCategory
from services import clock
from services.access import Permission, Scope, Subject, permitted, scopes_of
from services.actors import Actor
from services.calendar import load_calendar
from services.classes import class_label, grade_label
from services.figures import SMALLEST_GROUP
from services.row_filters import sees_students
from services.students import LEFT_SCHOOL, NO_CLASS, is_in_class

NEW_PUPIL_DAYS = "F-03.new_pupil_days"


@dataclass(frozen=True, slots=True)
class Rate:
    """Archives of a class, a grade or the school; `newcomers` are still within their days and count as neither."""

    label: str
    must: int
    have: int
    newcomers: int
    left_behind: int | None  # None: too few to tell to who may see numbers only
    left_behind_have: int | None

    @property
    def percent(self) -> int | None:
        """How many of a hundred have one, rounded down: 100 is all of them; None where nobody must."""
        return self.have * 100 // self.must if self.must else None


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate of the school, of each grade and of each class."""

    school: Rate
    grades: tuple[Rate, ...]
    classes: tuple[Rate, ...]
    new_pupil_days: int


@permitted(Permission.ARCHIVE_READ, Permission.TIER_NUMBERS)
def find_rates(session: Session, actor: Actor) -> Rates:
    """Return the rate of every class the actor may see, its grade and all together; one statement."""
    sees_all = bool(scopes_of(actor, Subject.TIER) & {Scope.ALL, Scope.NUMBERS})
    has = col(PsychArchive.id).is_not(None)
    is_new = _is_new(session)
    left_behind = _is_left_behind()
    columns = [
        SchoolClass.grade,
        SchoolClass.number,
        func.sum(case((or_(has, not_(is_new)), 1), else_=0)),
        func.sum(case((has, 1), else_=0)),
        func.sum(case((and_(not_(has), is_new), 1), else_=0)),
        func.sum(case((and_(left_behind, or_(has, not_(is_new))), 1), else_=0)),
        func.sum(case((and_(left_behind, has), 1), else_=0)),
    ]
    rows = session.execute(
        select(*columns)  # type: ignore[call-overload]  # more columns than the stubs know
        .select_from(Student)
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(PsychArchive, col(PsychArchive.student_id) == col(Student.id), isouter=True)
        .where(
            col(Student.merged_into_id).is_(None) if sees_all else sees_students(actor, Subject.TIER),
            col(Student.state).not_in(LEFT_SCHOOL),
        )
        .group_by(SchoolClass.grade, SchoolClass.number)
    ).all()
    ranked = sorted(rows, key=lambda row: (row[0] is None, row[0] or 0, row[1] or 0))
    knows = bool(scopes_of(actor, Subject.CATEGORY) & {Scope.ALL, Scope.OWN_CLASS})
    grades = list(dict.fromkeys(row[0] for row in ranked if row[0] is not None))
    return Rates(
        school=_rate("全校", ranked, knows=knows),
        grades=tuple(_rate(grade_label(each), [r for r in ranked if r[0] == each], knows=knows) for each in grades),
        classes=tuple(_rate(_label(row), [row], knows=knows) for row in ranked),
        new_pupil_days=_new_pupil_days(session),
    )


def lacks_archive_in_time(session: Session) -> ColumnElement[bool]:
    """Return whether a child must have an archive and has none, over Student joined with PsychArchive."""
    return and_(col(PsychArchive.id).is_(None), not_(_is_new(session)))


def _is_new(session: Session) -> ColumnElement[bool]:
    """Return whether a child came so lately that its archive need not be there yet (F-03)."""
    since = clock.today() - timedelta(days=_new_pupil_days(session))
    return and_(col(Student.entered_on).is_not(None), col(Student.entered_on) >= since)


def _new_pupil_days(session: Session) -> int:
    return load_calendar(session).numbers.on(NEW_PUPIL_DAYS, clock.today())


def _is_left_behind() -> ColumnElement[bool]:
    ids = select(StudentCategory.student_id).where(
        StudentCategory.kind == CategoryKind.LEFT_BEHIND, col(StudentCategory.to_day).is_(None)
    )
    return col(Student.id).in_(ids)


def _label(row: Sequence[int | None]) -> str:
    return class_label(row[0], row[1] or 0) if row[0] is not None else NO_CLASS


def _rate(label: str, rows: Sequence[Sequence[int]], *, knows: bool) -> Rate:
    must, have, new, left, left_have = (sum(row[place] or 0 for row in rows) for place in range(2, 7))
    tells = knows or (left >= SMALLEST_GROUP and label == "全校")
    return Rate(label, must, have, new, left if tells else None, left_have if tells else None)
