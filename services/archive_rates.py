"""How many children have an archive, of those who must (建档率): live, by class and grade (F-03, E-11)."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, case, not_
from sqlmodel import Session, col, func, select

from db.tables import CategoryKind, ClassMembership, PsychArchive, SchoolClass, Student, StudentCategory
from services import clock
from services.access import Permission, Scope, Subject, allows, permitted, scopes_of
from services.actors import Actor
from services.calendar import load_calendar
from services.classes import class_label, grade_label
from services.figures import hold_back_sizes
from services.row_filters import sees_students
from services.students import LEFT_SCHOOL, NO_CLASS, is_in_class

NEW_PUPIL_DAYS = "F-03.new_pupil_days"


@dataclass(frozen=True, slots=True)
class Rate:
    """Archives of a class, a grade or the school; `newcomers` are still within their days and count as neither.

    None: so few children stand behind it that who sees numbers only isn't told.
    """

    label: str
    must: int | None
    have: int | None
    newcomers: int | None
    left_behind: int | None
    left_behind_have: int | None

    @property
    def percent(self) -> int | None:
        """How many of a hundred have one, rounded down: 100 is all of them; None where nobody must, or isn't told."""
        return self.have * 100 // self.must if self.must and self.have is not None else None


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate of the school, of each grade and of each class; who sees numbers only gets the school's alone."""

    school: Rate
    grades: tuple[Rate, ...]
    classes: tuple[Rate, ...]
    new_pupil_days: int
    is_held_back: bool = False


@permitted(Permission.ARCHIVE_READ, Permission.TIER_NUMBERS)
def find_rates(session: Session, actor: Actor) -> Rates:
    """Return the rate of every class the actor may see, its grade and all together; one statement."""
    numbers_only = not allows(actor, Permission.ARCHIVE_READ)
    is_whole = numbers_only or Scope.ALL in scopes_of(actor, Subject.TIER)
    has = col(PsychArchive.id).is_not(None)
    is_new = _is_new(session)
    left_behind = _is_left_behind()
    columns = [
        SchoolClass.grade,
        SchoolClass.number,
        *(
            func.sum(case((and_(of_them, is_so), 1), else_=0))
            for of_them in (left_behind, not_(left_behind))
            for is_so in (has, and_(not_(has), not_(is_new)), and_(not_(has), is_new))
        ),
    ]
    rows = session.execute(
        select(*columns)  # type: ignore[call-overload]  # more columns than the stubs know
        .select_from(Student)
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(PsychArchive, col(PsychArchive.student_id) == col(Student.id), isouter=True)
        .where(
            col(Student.merged_into_id).is_(None) if is_whole else sees_students(actor, Subject.TIER),
            col(Student.state).not_in(LEFT_SCHOOL),
        )
        .group_by(SchoolClass.grade, SchoolClass.number)
    ).all()
    days = _new_pupil_days(session)
    ranked = sorted(rows, key=lambda row: (row[0] is None, row[0] or 0, row[1] or 0))
    whole = _counts(ranked)
    if numbers_only:
        told = told_in_numbers(whole)
        return Rates(told, (), (), days, is_held_back=None in (told.must, told.have, told.newcomers, told.left_behind))
    grades = list(dict.fromkeys(row[0] for row in ranked if row[0] is not None))
    return Rates(
        school=_rate("全校", whole),
        grades=tuple(_rate(grade_label(each), _counts(r for r in ranked if r[0] == each)) for each in grades),
        classes=tuple(_rate(_label(row), _counts([row])) for row in ranked),
        new_pupil_days=days,
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """Children by whether they have an archive, lack it in time, or are new without one; the left-behind apart."""

    left_have: int
    left_lack: int
    left_new: int
    others_have: int
    others_lack: int
    others_new: int

    @property
    def have(self) -> int:
        """All who have one, newcomers too."""
        return self.left_have + self.others_have

    @property
    def lack(self) -> int:
        """All who should have one by now."""
        return self.left_lack + self.others_lack

    @property
    def new(self) -> int:
        """All who came so lately that it need not be there yet."""
        return self.left_new + self.others_new


def told_in_numbers(counts: Counts) -> Rate:
    """Return the school's rate for who sees numbers only: no small group, and none by subtraction.

    How many left-behind children have one is told where no part of the school is a small group: else the others would
    be what is left of the whole.
    """
    told = hold_back_sizes({"have": counts.have, "lack": counts.lack, "new": counts.new})
    have, lack, new = told["have"], told["lack"], told["new"]
    both = hold_back_sizes({"must": counts.have + counts.lack, "new": counts.new})
    must = both["must"] if new is not None or None not in (have, lack) else None
    parts = hold_back_sizes(asdict(counts))
    if None in parts.values():
        return Rate("全校", must, have, new, None, None)
    return Rate("全校", must, have, new, counts.left_have + counts.left_lack, counts.left_have)


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


def _counts(rows: Iterable[Sequence[int | None]]) -> Counts:
    found = list(rows)
    return Counts(*(sum(row[place] or 0 for row in found) for place in range(2, 8)))


def _rate(label: str, of: Counts) -> Rate:
    return Rate(label, of.have + of.lack, of.have, of.new, of.left_have + of.left_lack, of.left_have)
