"""The plan of a new school year: who moves up with the class, who repeats, who leaves, who graduates."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, case
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
from services.classes import MOST_CLASSES, teaches_as_homeroom
from services.errors import EditedMeanwhile, NotFound
from services.fields import LINE, Checker
from services.students import LEFT_SCHOOL
from services.year_steps import ClassPlan, DoneChange, YearPlan, digest_of, leaving_grades, plan_of_class

EXCEPTIONS = (YearStep.REPEATS, YearStep.OTHER_CLASS, YearStep.LEAVES)
"""What may be noted for one child; the rest follows from its class."""


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


@permitted(Permission.YEAR_CHANGE)
def outline_year(session: Session, actor: Actor, *, graduating: frozenset[int] | None = None) -> YearPlan:
    """Return the same plan without who simply does what the class does: eight statements, a line a class.

    What it says of classes and numbers is what `plan_year` says; `find_class` has the children of one class.
    """
    calendar = load_calendar(session)
    year = current_school_year(calendar, clock.today())
    done = find_done(session, year)
    sizes = _sizes(session, year - 1) if done is None else []
    to_year = year if sizes else year + 1
    sizes = sizes or _sizes(session, to_year - 1)
    leaving = leaving_grades({row.grade for row in sizes}, graduating)
    noted = _exceptions(session, to_year)
    apart: dict[int, list[Any]] = defaultdict(list)
    for row in _children(session, to_year - 1, col(Student.id).in_(_told_apart(to_year))):
        apart[row[0]].append(row)
    plans = []
    for class_id, grade, number, homeroom_name, size, on_leave in sizes:
        found = plan_of_class((class_id, grade, number, homeroom_name), apart[class_id], leaving=leaving, noted=noted)
        others = replace(found, others=size - found.size, others_on_leave=on_leave - found.on_leave)
        plans.append(others)
    return _plan(session, calendar, plans, to_year=to_year, leaving=leaving, done=done)


@permitted(Permission.YEAR_CHANGE)
def find_class(
    session: Session,
    actor: Actor,
    *,
    plan: YearPlan,
    class_id: int | None = None,
    student_id: int | None = None,
) -> ClassPlan | None:
    """Return a class of a plan with its children, or with one child alone; None where nobody is there any more."""
    wanted = SchoolClass.id == class_id if student_id is None else Student.id == student_id
    rows = _children(session, plan.to_year - 1, wanted)
    if not rows:
        return None
    noted = _exceptions(session, plan.to_year)
    return plan_of_class(tuple(rows[0][:4]), rows, leaving=plan.graduating, noted=noted)


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
    leaving = leaving_grades({grade for _, grade, *_ in rows}, graduating)
    noted = _exceptions(session, to_year)
    by_class = groupby(rows, key=itemgetter(0, 1, 2, 3))  # they come in the order of classes
    plans = [plan_of_class(found, children, leaving=leaving, noted=noted) for found, children in by_class]
    digest = digest_of(plans, to_year)
    return _plan(session, calendar, plans, to_year=to_year, leaving=leaving, done=done, digest=digest)


def _plan(
    session: Session,
    calendar: SchoolCalendar,
    plans: Sequence[ClassPlan],
    *,
    to_year: int,
    leaving: Set[int],
    done: DoneChange | None,
    digest: str | None = None,
) -> YearPlan:
    return YearPlan(
        to_year=to_year,
        classes=tuple(plans),
        graduating=frozenset(leaving & {found.grade for found in plans}),
        without_class=_count_without_class(session),
        can_run=current_school_year(calendar, clock.today()) == to_year,
        done=done,
        digest=digest,
    )


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


def _sizes(session: Session, school_year: int) -> Sequence[Any]:  # more columns than the stubs know
    """Return the classes of a school year that have children, with how many, and how many of these are on leave.

    From narrow indexes alone: five thousand rows of the register are not read for a line a class.
    """
    gone = select(Student.id).where(col(Student.state).in_(LEFT_SCHOOL))
    on_leave = select(Student.id).where(Student.state == EnrolmentState.ON_LEAVE)
    here = (
        select(
            ClassMembership.class_id,
            func.count().label("size"),
            func.sum(case((col(ClassMembership.student_id).in_(on_leave), 1), else_=0)).label("on_leave"),
        )
        .where(col(ClassMembership.to_day).is_(None), col(ClassMembership.student_id).not_in(gone))
        .group_by(col(ClassMembership.class_id))
        .subquery("here")
    )
    return session.execute(
        select(  # type: ignore[call-overload]  # more columns than the stubs know
            col(SchoolClass.id), col(SchoolClass.grade), col(SchoolClass.number), col(AppUser.display_name),
            here.c.size, here.c.on_leave,
        )
        .join(here, here.c.class_id == SchoolClass.id)
        .join(ClassTeacher, teaches_as_homeroom(), isouter=True)
        .join(AppUser, col(AppUser.id) == col(ClassTeacher.user_id), isouter=True)
        .where(SchoolClass.school_year == school_year)
        .order_by(col(SchoolClass.grade), col(SchoolClass.number), col(SchoolClass.id))
    ).all()  # fmt: skip


def _told_apart(school_year: int) -> Any:  # a union
    """Return the children an outline names: something is noted of them, or somebody still looks for them."""
    noted = select(YearException.student_id).where(YearException.school_year == school_year)
    return noted.union(select(DropOut.student_id).where(col(DropOut.closed_at).is_(None)))


def _children(
    session: Session, school_year: int, *wanted: ColumnElement[bool] | bool
) -> Sequence[Any]:  # more columns than the stubs know
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
            *wanted,
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
