"""The plan of a new school year: who moves up with the class, who repeats, who leaves, who graduates."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    ClassMembership,
    ClassTeacher,
    DropOut,
    EnrolmentState,
    SchoolClass,
    Student,
    YearChange,
    YearException,
    YearStep,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import SchoolCalendar, current_school_year, load_calendar
from services.classes import MOST_CLASSES, class_label, teaches_as_homeroom
from services.errors import EditedMeanwhile, NotFound
from services.fields import LINE, Checker
from services.students import LEFT_SCHOOL

TOP_GRADE = 12
LAST_OF_SCHOOLS = frozenset({6, 9, TOP_GRADE})
"""The grades with which primary, junior and senior schools end."""
EXCEPTIONS = (YearStep.REPEATS, YearStep.OTHER_CLASS, YearStep.LEAVES)
"""What may be noted for one child; the rest follows from its class."""


class ChildStep(NamedTuple):  # of all the children of a school at once: quicker made than a frozen dataclass
    """What becomes of one child."""

    student_id: int
    name: str
    state: EnrolmentState
    membership_id: int
    in_class_since: date
    is_followed: bool  # does not come to school, and how that ends is open (E-16)
    step: YearStep
    target: tuple[int, int] | None  # grade and number of the class it enters

    @property
    def leaves_followed(self) -> bool:
        """Whether the register lets it go though nobody has said where it is."""
        return self.is_followed and self.target is None

    @property
    def target_label(self) -> str | None:
        """The class it enters, as the school writes it."""
        return class_label(*self.target) if self.target else None


@dataclass(frozen=True)
class ClassPlan:
    """What becomes of one class."""

    class_id: int
    grade: int
    number: int
    homeroom_name: str | None
    graduates: bool
    children: tuple[ChildStep, ...]

    @property
    def label(self) -> str:
        """The class as the school writes it."""
        return class_label(self.grade, self.number)

    @property
    def target(self) -> tuple[int, int] | None:
        """Grade and number of the class it becomes; None where it graduates."""
        return None if self.graduates else (self.grade + 1, self.number)

    @property
    def target_label(self) -> str | None:
        """The class it becomes, as the school writes it."""
        return class_label(*self.target) if self.target else None

    @property
    def on_leave(self) -> int:
        """How many are away for a while: somebody should look whether they really move up."""
        return sum(child.state is EnrolmentState.ON_LEAVE for child in self.children)

    @cached_property
    def counts(self) -> Mapping[YearStep, int]:
        """How many children do what."""
        return Counter(child.step for child in self.children)

    def count(self, *steps: YearStep) -> int:
        """How many children do one of these."""
        return sum(self.counts.get(step, 0) for step in steps)


@dataclass(frozen=True, slots=True)
class DoneChange:
    """A change of year that was made and not taken back."""

    id: int
    school_year: int
    day: date
    made_by: str | None
    moved: int
    repeated: int
    graduated: int
    left: int


@dataclass(frozen=True, slots=True)
class YearPlan:
    """What a change of year would do as things stand; `digest` names exactly this plan."""

    to_year: int
    classes: tuple[ClassPlan, ...]
    graduating: frozenset[int]
    without_class: int  # children of the school in no class, whom nothing moves
    can_run: bool  # the school year it leads into has begun
    done: DoneChange | None  # this year's own change, already made
    digest: str

    @property
    def grades(self) -> list[int]:
        """The grades there are."""
        return sorted({found.grade for found in self.classes})

    @property
    def leaving_followed(self) -> tuple[str, ...]:
        """The names of who leaves or graduates though it is still followed for staying away (E-16)."""
        return tuple(child.name for found in self.classes for child in found.children if child.leaves_followed)

    def count(self, *steps: YearStep) -> int:
        """How many children do one of these."""
        return sum(found.count(*steps) for found in self.classes)


@dataclass(frozen=True, slots=True)
class NotedException:
    """What is noted for one child, as its form is drawn; version 0 where nothing is."""

    student_id: int
    version: int
    step: YearStep | None
    class_number: int | None
    place: str | None


@permitted(Permission.YEAR_CHANGE)
def plan_year(session: Session, actor: Actor, *, graduating: frozenset[int] | None = None) -> YearPlan:
    """Return the plan of the next change of year: seven statements, however many children there are.

    `graduating` names the grades that leave the school; by default the highest, where schools end with it.
    """
    calendar = load_calendar(session)
    year = current_school_year(calendar, clock.today())
    done = find_done(session, year)
    # Until this year's change is made it is the one to make; afterwards, or in a new school, next year's is prepared.
    rows = _children(session, year - 1) if done is None else []
    to_year = year if rows else year + 1
    return build_plan(session, calendar, to_year=to_year, graduating=graduating, done=done, rows=rows or None)


def build_plan(
    session: Session,
    calendar: SchoolCalendar,
    *,
    to_year: int,
    graduating: frozenset[int] | None = None,
    done: DoneChange | None = None,
    rows: Sequence[Any] | None = None,  # of `_children`, where they are read already
) -> YearPlan:
    """Return the plan for a school year, as things stand in this transaction."""
    rows = _children(session, to_year - 1) if rows is None else rows
    grades = {grade for _, grade, *_ in rows}
    leaving = (_usual_last_grade(grades) if graduating is None else graduating) | {TOP_GRADE}
    noted = _exceptions(session, to_year)
    by_class = groupby(rows, key=itemgetter(0, 1, 2, 3))  # they come in the order of classes
    plans = tuple(_plan_of_class(found, children, leaving=leaving, noted=noted) for found, children in by_class)
    return YearPlan(
        to_year=to_year,
        classes=plans,
        graduating=frozenset(leaving & grades),
        without_class=_count_without_class(session),
        can_run=current_school_year(calendar, clock.today()) == to_year,
        done=done,
        digest=_digest(plans, to_year),
    )


def _plan_of_class(
    found: tuple[int, int, int, str | None],
    rows: Iterable[Any],  # of `_children`, each beginning with `found`
    *,
    leaving: Set[int],
    noted: Mapping[int, YearException],
) -> ClassPlan:
    class_id, grade, number, homeroom_name = found
    graduates = grade in leaving
    usual = _step_of(None, grade, number, graduates=graduates)

    def step_of(student_id: int) -> tuple[YearStep, tuple[int, int] | None]:
        if student_id not in noted:
            return usual
        return _step_of(noted[student_id], grade, number, graduates=graduates)

    children = tuple(ChildStep._make((*row[len(found) :], *step_of(row[len(found)]))) for row in rows)
    return ClassPlan(class_id, grade, number, homeroom_name, graduates, children)


@permitted(Permission.YEAR_CHANGE)
def find_exception(session: Session, actor: Actor, *, school_year: int, student_id: int) -> NotedException:
    """Return what is noted for a child, with the version its form is drawn from."""
    row = _noted(session, school_year, student_id)
    if row is None:
        return NotedException(student_id, 0, None, None, None)
    return NotedException(student_id, row.version, row.step, row.class_number, unseal(row, "place_sealed"))


@permitted(Permission.YEAR_CHANGE)
def note_exception(
    session: Session,
    actor: Actor,
    *,
    school_year: int,
    student_id: int,
    version: int,
    step: YearStep | None,
    class_number: float | None = None,
    place: str | None = None,
) -> None:
    """Note that a child does not simply move up with its class; None takes the note back.

    Raises:
        NotFound: there is no such child in a class of the year before.
        FieldErrors: something can't be, or a number is missing.
        EditedMeanwhile: somebody noted something else since the form was drawn; `current` is a NotedException.
    """
    child = session.exec(
        select(Student)
        .where(Student.id == student_id, col(Student.state).not_in(LEFT_SCHOOL), col(Student.merged_into_id).is_(None))
        .with_for_update()
    ).first()
    if child is None:
        raise NotFound
    current = find_exception(session, actor, school_year=school_year, student_id=student_id)
    if current.version != version:
        raise EditedMeanwhile(current)
    number, text = _checked_place(step, class_number=class_number, place=place)
    row = _noted(session, school_year, student_id)
    if row is None:
        row = YearException(school_year=school_year, student_id=student_id, version=0)
    row.step, row.version = step, row.version + 1
    row.class_number = number if step in {YearStep.REPEATS, YearStep.OTHER_CLASS} else None
    seal(row, "place_sealed", text if step is YearStep.LEAVES else None)
    session.add(row)
    _flush(session, current)
    audit.record(
        session,
        actor,
        audit.Action.YEAR_EXCEPTION_SAVED,
        target=row,
        student_id=student_id,
        state=step.value if step else None,
    )


def _checked_place(
    step: YearStep | None, *, class_number: float | None, place: str | None
) -> tuple[int | None, str | None]:
    """Return to which class of its grade a child goes, and where; refuse what can't be noted, or can't be."""
    check = Checker()
    if step is not None and step not in EXCEPTIONS:
        check.add("step", "unknown_choice")
    number = check.whole_number("class_number", class_number)
    if step is YearStep.OTHER_CLASS and class_number is None:
        check.add("class_number", "required")
    elif number is not None and not 1 <= number <= MOST_CLASSES:
        check.add("class_number", "beyond_bounds", least=1, most=MOST_CLASSES, unit="班")
    text = check.text("place", place, limit=LINE)
    check.finish()
    return number, text


def find_done(session: Session, school_year: int) -> DoneChange | None:
    """Return the change into a school year that was made and not taken back."""
    found = session.exec(
        select(YearChange, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(YearChange.made_by_id), isouter=True)
        .where(YearChange.school_year == school_year, col(YearChange.undone_at).is_(None))
    ).first()
    if found is None:
        return None
    row, made_by = found
    return DoneChange(
        row.id or 0,
        row.school_year,
        row.day,
        made_by,
        row.moved_count,
        row.repeated_count,
        row.graduated_count,
        row.left_count,
    )


def places_of(session: Session, school_year: int) -> Mapping[int, str | None]:
    """Return where the children who leave go, by child."""
    return {row.student_id: unseal(row, "place_sealed") for row in _exceptions(session, school_year).values()}


def _flush(session: Session, current: NotedException) -> None:
    try:
        session.flush()
    except IntegrityError:  # noted by another process since it was looked up
        raise EditedMeanwhile(current) from None


def _noted(session: Session, school_year: int, student_id: int) -> YearException | None:
    return session.exec(
        select(YearException).where(YearException.school_year == school_year, YearException.student_id == student_id)
    ).first()


def _step_of(
    noted: YearException | None, grade: int, number: int, *, graduates: bool
) -> tuple[YearStep, tuple[int, int] | None]:
    if noted is not None and noted.step is YearStep.LEAVES:
        return YearStep.LEAVES, None
    if noted is not None and noted.step is YearStep.REPEATS:
        return YearStep.REPEATS, (grade, noted.class_number or number)
    if graduates:
        return YearStep.GRADUATES, None
    if noted is not None and noted.step is YearStep.OTHER_CLASS:
        return YearStep.OTHER_CLASS, (grade + 1, noted.class_number or number)
    return YearStep.MOVES_UP, (grade + 1, number)


def _usual_last_grade(grades: set[int]) -> frozenset[int]:
    return frozenset({max(grades)} & LAST_OF_SCHOOLS) if grades else frozenset()


def _children(session: Session, school_year: int) -> Sequence[Any]:  # more columns than the stubs know
    """Return the children in the classes of a school year, in the order of a register: class, then a step's facts."""
    return session.execute(
        select(  # type: ignore[call-overload]  # more columns than the stubs know
            col(SchoolClass.id),
            col(SchoolClass.grade),
            col(SchoolClass.number),
            col(AppUser.display_name),  # who leads the class
            col(Student.id),
            col(Student.name),
            col(Student.state),
            col(ClassMembership.id),
            col(ClassMembership.from_day),
            select(DropOut.id).where(DropOut.student_id == Student.id, col(DropOut.closed_at).is_(None)).exists(),
        )
        .join(ClassMembership, col(ClassMembership.student_id) == col(Student.id))
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .join(ClassTeacher, teaches_as_homeroom(), isouter=True)
        .join(AppUser, col(AppUser.id) == col(ClassTeacher.user_id), isouter=True)
        .where(
            col(ClassMembership.to_day).is_(None),
            SchoolClass.school_year == school_year,
            col(Student.state).not_in(LEFT_SCHOOL),
        )
        .order_by(col(SchoolClass.grade), col(SchoolClass.number), col(Student.name_order), col(Student.id))
    ).all()


def _count_without_class(session: Session) -> int:
    in_class = select(ClassMembership.student_id).where(col(ClassMembership.to_day).is_(None))
    return session.exec(
        select(func.count())
        .select_from(Student)
        .where(
            col(Student.state).not_in(LEFT_SCHOOL),
            col(Student.merged_into_id).is_(None),
            col(Student.id).not_in(in_class),
        )
    ).one()


def _exceptions(session: Session, school_year: int) -> dict[int, YearException]:
    rows = session.exec(select(YearException).where(YearException.school_year == school_year)).all()
    return {row.student_id: row for row in rows}


def _digest(plans: Sequence[ClassPlan], to_year: int) -> str:
    """Name a plan: another child, another step or another class gives another name."""
    steps = sorted(
        f"{child.student_id}:{child.membership_id}:{child.step.value}:{child.target}:{child.leaves_followed}"
        for found in plans
        for child in found.children
    )
    return hashlib.sha256("\n".join([str(to_year), *steps]).encode()).hexdigest()
