"""The register as a list: filtered, ordered and paged by the database, only what this actor may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.base import Labelled
from db.tables import (
    AppUser,
    CategoryKind,
    ClassMembership,
    ClassTeacher,
    ClassTeacherKind,
    DropOut,
    EnrolmentState,
    Gender,
    Role,
    SchoolClass,
    Student,
    StudentCategory,
)
from services import clock
from services.access import Permission, Scope, Subject, permitted, scopes_of
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.card_parts import CardPart
from services.classes import class_label, grade_label
from services.fields import SHORT, clean
from services.paging import page_count, page_there
from services.row_filters import classes_of, sees_students
from services.student_rights import writes_students
from services.students import LEFT_SCHOOL, NO_CLASS, is_in_class, matches, shown_class

PAGE_SIZE = 15


class CategoryGroup(Labelled):
    """Categories as people speak of them: the four special ones are one."""

    LEFT_BEHIND = "left_behind", "留守"
    FOUR_SPECIAL = "four_special", "四特"
    IN_DIFFICULTY = "in_difficulty", "困境"


GROUP_OF: Mapping[CategoryKind, CategoryGroup] = {
    CategoryKind.LEFT_BEHIND: CategoryGroup.LEFT_BEHIND,
    CategoryKind.IN_DIFFICULTY: CategoryGroup.IN_DIFFICULTY,
    CategoryKind.SPECIAL_FAMILY: CategoryGroup.FOUR_SPECIAL,
    CategoryKind.SPECIAL_PHYSIQUE: CategoryGroup.FOUR_SPECIAL,
    CategoryKind.SPECIAL_PSYCHOLOGY: CategoryGroup.FOUR_SPECIAL,
    CategoryKind.SPECIAL_CONDUCT: CategoryGroup.FOUR_SPECIAL,
}


class StudentOrder(Labelled):
    """What comes first."""

    CLASS = "class", "按班级"
    NAME = "name", "按姓名"
    NUMBER = "number", "按学号"
    NEWEST = "newest", "最近登记"


@dataclass(frozen=True, slots=True)
class StudentFilters:
    """Which children of the register; without a state, those who are at the school."""

    text: str | None = None
    grade: int | None = None
    class_id: int | None = None
    category: CategoryGroup | None = None
    state: EnrolmentState | None = None
    lacks_card: bool = False  # the contact card is not complete
    stays_away: bool = False  # does not come to school and is followed (E-16)


@dataclass(frozen=True, slots=True)
class StudentRow:
    """One child as the register shows it."""

    id: int
    name: str
    class_label: str
    gender: Gender
    student_no: str | None
    birth_day: date | None  # with the contact card only
    state: EnrolmentState
    is_boarding: bool | None
    homeroom_name: str | None
    categories: tuple[CategoryKind, ...]
    needs_care: bool

    @property
    def groups(self) -> tuple[CategoryGroup, ...]:
        """The categories as people speak of them."""
        found = {GROUP_OF[kind] for kind in self.categories}
        return tuple(group for group in CategoryGroup if group in found)


@dataclass(frozen=True, slots=True)
class StudentPage:
    """One page of the register; the page number is one that exists."""

    rows: tuple[StudentRow, ...]
    total: int
    page: int
    pages: int
    shows_categories: bool
    shows_needs_care: bool


@dataclass(frozen=True, slots=True)
class ClassName:
    """A class as pickers show it."""

    id: int
    grade: int
    number: int

    @property
    def label(self) -> str:
        """The class as the school writes it."""
        return class_label(self.grade, self.number)

    @property
    def grade_label(self) -> str:
        """Its grade as the school writes it."""
        return grade_label(self.grade)


@permitted(Permission.STUDENT_READ)
def list_students(
    session: Session,
    actor: Actor,
    *,
    filters: StudentFilters | None = None,
    order: StudentOrder = StudentOrder.CLASS,
    page: int = 1,
    page_size: int = PAGE_SIZE,
    total: int | None = None,
) -> StudentPage:
    """Return one page of the register; four statements at most, however many children there are.

    Args:
        total: how many children there are, where `count_students` has just said it.
    """
    wanted = filters or StudentFilters()
    if total is None:
        total = count_students(session, actor, filters=wanted).total
    page, pages = page_there(page, total=total, page_size=page_size), page_count(total, page_size)
    # Which children first: sorted in narrow indexes. Their rows carry sealed words, and are read for this page alone.
    on_page = _in_class(select(Student.id)).where(*_conditions(actor, wanted)).order_by(*_order(order))
    on_page = on_page.limit(page_size).offset((page - 1) * page_size)
    found = session.exec(_register(actor).where(col(Student.id).in_(on_page)).order_by(*_order(order))).all()
    ids = [student.id or 0 for student, *_rest in found]
    categories = _categories_of(session, actor, ids)
    in_care = _children_in_care(session, actor, ids)
    return StudentPage(
        rows=tuple(_row(each, categories, in_care) for each in found),
        total=total,
        page=page,
        pages=pages,
        shows_categories=shows_categories(actor),
        shows_needs_care=Scope.NEEDS_CARE_ONLY in scopes_of(actor, Subject.CATEGORY),
    )


@dataclass(frozen=True, slots=True)
class RegisterCount:
    """How many children the filters leave, of how many the contact card is not complete, how many stay away."""

    total: int
    incomplete_cards: int | None  # None: for who reads no cards
    staying_away: int | None = None  # out of the register or not (E-16); None: for whom it is not


@permitted(Permission.STUDENT_READ)
def count_students(session: Session, actor: Actor, *, filters: StudentFilters) -> RegisterCount:
    """Return how many children the filters leave; one statement."""
    lacks_card = and_(col(Student.card_parts_filled) < len(CardPart), sees_students(actor, Subject.CONTACT))
    away = _left_by(select(func.count(col(Student.id))), actor, replace(filters, stays_away=True))
    counts = select(
        func.count(col(Student.id)), func.count(case((lacks_card, 1))), away.correlate(None).scalar_subquery()
    )
    total, incomplete, staying_away = session.exec(_left_by(counts, actor, filters)).one()
    return RegisterCount(
        total, incomplete if shows_cards(actor) else None, staying_away if shows_categories(actor) else None
    )


@permitted(Permission.STUDENT_READ)
def count_categories(session: Session, actor: Actor, *, filters: StudentFilters) -> dict[CategoryGroup, int]:
    """Return how many children each group of categories has, the other filters applied; one statement."""
    if not shows_categories(actor):
        return {}
    group = case({kind.value: group.value for kind, group in GROUP_OF.items()}, value=col(StudentCategory.kind))
    children = _left_by(select(Student.id), actor, replace(filters, category=None))
    rows = session.exec(
        select(group, func.count(col(StudentCategory.student_id).distinct()))
        .where(
            col(StudentCategory.to_day).is_(None),
            # Wrapped, so that the few entries are gone through, not the many children.
            func.coalesce(StudentCategory.student_id, 0).in_(children.where(sees_students(actor, Subject.CATEGORY))),
        )
        .group_by(group)
    ).all()
    counts = dict(rows)
    return {each: counts.get(each.value, 0) for each in CategoryGroup}


@dataclass(frozen=True, slots=True)
class CardCount:
    """How many contact cards of a class are complete, of how many; without a class, of those in none."""

    class_label: str
    children: int
    complete: int


@permitted(Permission.STUDENT_READ)
def count_cards_by_class(session: Session, actor: Actor, *, filters: StudentFilters) -> list[CardCount]:
    """Return by class how many contact cards are complete (E-08), of the children whose cards may be read."""
    complete = case((col(Student.card_parts_filled) == len(CardPart), 1), else_=0)
    rows = session.exec(
        _in_class(select(SchoolClass.grade, SchoolClass.number, func.count(col(Student.id)), func.sum(complete)))
        .where(*_conditions(actor, replace(filters, lacks_card=False)), sees_students(actor, Subject.CONTACT))
        .group_by(col(SchoolClass.grade), col(SchoolClass.number))
        .order_by(case((col(SchoolClass.grade).is_(None), 1), else_=0), col(SchoolClass.grade), col(SchoolClass.number))
    ).all()
    return [
        CardCount(class_label(grade, number) if grade is not None else NO_CLASS, children, done)
        for grade, number, children, done in rows
    ]


@permitted(Permission.STUDENT_READ)
def list_register_classes(session: Session, actor: Actor) -> list[ClassName]:
    """Return the classes of this school year whose children the actor may see, empty ones too."""
    return _classes(session, actor, sees_all=Scope.ALL in scopes_of(actor, Subject.IDENTITY), kinds=_kinds_seen(actor))


@permitted(Permission.STUDENT_WRITE)
def list_writable_classes(session: Session, actor: Actor) -> list[ClassName]:
    """Return the classes of this school year into which the actor may put children."""
    return _classes(
        session, actor, sees_all=writes_students(actor).is_everything, kinds=frozenset({ClassTeacherKind.HOMEROOM})
    )


def shows_categories(actor: Actor) -> bool:
    """Say whether the actor may see the categories of some children at all."""
    return bool(scopes_of(actor, Subject.CATEGORY) & {Scope.ALL, Scope.OWN_CLASS})


def shows_cards(actor: Actor) -> bool:
    """Say whether the actor may read the contact cards of some children by right."""
    return bool(scopes_of(actor, Subject.CONTACT) & {Scope.ALL, Scope.OWN_CLASS})


def _kinds_seen(actor: Actor) -> frozenset[ClassTeacherKind]:
    return (
        frozenset(ClassTeacherKind) if actor.has_role(Role.SUBJECT_TEACHER) else frozenset({ClassTeacherKind.HOMEROOM})
    )


def _classes(session: Session, actor: Actor, *, sees_all: bool, kinds: frozenset[ClassTeacherKind]) -> list[ClassName]:
    rows = session.exec(
        select(SchoolClass)
        .where(
            SchoolClass.school_year == current_school_year(load_calendar(session), clock.today()),
            true() if sees_all else col(SchoolClass.id).in_(classes_of(actor, kinds)),
        )
        .order_by(col(SchoolClass.grade), col(SchoolClass.number))
    ).all()
    return [ClassName(each.id or 0, each.grade, each.number) for each in rows]


def _in_class(statement: Any) -> Any:  # selects of different columns
    """Join children to the class they are in, if any."""
    return (
        statement.select_from(Student)
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
    )


def _left_by(statement: Any, actor: Actor, filters: StudentFilters) -> Any:  # selects of different columns
    """Narrow a select about children to those the filters leave; joined to their classes only where a filter asks."""
    asks_for_class = filters.grade is not None or filters.class_id is not None or clean(filters.text)
    joined = _in_class(statement) if asks_for_class else statement.select_from(Student)
    return joined.where(*_conditions(actor, filters))


def _register(actor: Actor) -> Any:  # a select of five columns
    homeroom = aliased(ClassTeacher)
    return (
        _in_class(
            select(  # type: ignore[call-overload]  # one column more than the stubs know
                Student,
                SchoolClass.grade,
                SchoolClass.number,
                AppUser.display_name,
                sees_students(actor, Subject.CONTACT).label("sees_card"),
            )
        )
        .join(
            homeroom,
            and_(
                col(homeroom.class_id) == col(SchoolClass.id),
                col(homeroom.kind) == ClassTeacherKind.HOMEROOM,
                col(homeroom.to_day).is_(None),
            ),
            isouter=True,
        )
        .join(AppUser, col(AppUser.id) == col(homeroom.user_id), isouter=True)
    )


def _conditions(actor: Actor, filters: StudentFilters) -> list[ColumnElement[bool]]:
    conditions = [sees_students(actor)]
    if filters.stays_away:  # also who is out of the register already: that is whom it is about
        away = select(DropOut.student_id).where(col(DropOut.closed_at).is_(None))
        conditions += [col(Student.id).in_(away), sees_students(actor, Subject.CATEGORY)]
    if filters.state is not None:
        conditions.append(col(Student.state) == filters.state)
    elif not filters.stays_away:
        conditions.append(col(Student.state).not_in(LEFT_SCHOOL))
    if filters.grade is not None:
        conditions.append(col(SchoolClass.grade) == filters.grade)
    if filters.class_id is not None:
        conditions.append(col(ClassMembership.class_id) == filters.class_id)
    if typed := clean(filters.text):
        conditions.append(matches(typed[:SHORT]))
    if filters.lacks_card:
        conditions += [col(Student.card_parts_filled) < len(CardPart), sees_students(actor, Subject.CONTACT)]
    if filters.category is not None:
        kinds = [kind for kind, group in GROUP_OF.items() if group is filters.category]
        has_one = select(StudentCategory.student_id).where(
            col(StudentCategory.kind).in_(kinds), col(StudentCategory.to_day).is_(None)
        )
        # A filter tells as much as a column: it works on children whose categories may be seen.
        conditions += [col(Student.id).in_(has_one), sees_students(actor, Subject.CATEGORY)]
    return conditions


def _order(order: StudentOrder) -> Sequence[Any]:  # columns of several types
    by_name: list[Any] = [col(Student.name_order), col(Student.id)]
    by_class: list[Any] = [
        case((col(SchoolClass.id).is_(None), 1), else_=0),
        col(SchoolClass.grade),
        col(SchoolClass.number),
    ]
    match order:
        case StudentOrder.CLASS:
            return [*by_class, *by_name]
        case StudentOrder.NAME:
            return by_name
        case StudentOrder.NUMBER:
            return [case((col(Student.student_no).is_(None), 1), else_=0), col(Student.student_no), *by_name]
        case StudentOrder.NEWEST:
            return [col(Student.recorded_at).desc(), col(Student.id).desc()]


def _is_open_category() -> ColumnElement[bool]:
    return and_(col(StudentCategory.student_id) == col(Student.id), col(StudentCategory.to_day).is_(None))


def _categories_of(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, tuple[CategoryKind, ...]]:
    found: dict[int, set[CategoryKind]] = {}
    if shows_categories(actor):
        for student_id, kind in session.exec(
            select(StudentCategory.student_id, StudentCategory.kind)
            .join(Student, _is_open_category())
            .where(col(Student.id).in_(ids), sees_students(actor, Subject.CATEGORY))
        ):
            found.setdefault(student_id, set()).add(CategoryKind(kind))
    return {student_id: tuple(kind for kind in CategoryKind if kind in kinds) for student_id, kinds in found.items()}


def _children_in_care(session: Session, actor: Actor, ids: Sequence[int]) -> frozenset[int]:
    """Return which of a mentor's own children need care, and no more than that."""
    if Scope.NEEDS_CARE_ONLY not in scopes_of(actor, Subject.CATEGORY):
        return frozenset()
    mentor = replace(actor, roles=actor.roles & {Role.MENTOR})
    return frozenset(
        session.exec(
            select(StudentCategory.student_id)
            .join(Student, _is_open_category())
            .where(col(Student.id).in_(ids), sees_students(mentor))
        ).all()
    )


def needs_care(session: Session, actor: Actor, student_id: int) -> bool:
    """Say whether a mentor's own child needs care; false for everybody else."""
    return student_id in _children_in_care(session, actor, [student_id])


def _row(
    found: Any,
    categories: Mapping[int, tuple[CategoryKind, ...]],
    in_care: frozenset[int],  # a row of `_register`
) -> StudentRow:
    student, grade, number, homeroom_name, sees_card = found
    return StudentRow(
        id=student.id,
        name=student.name,
        class_label=shown_class(grade, number, student.state),
        gender=student.gender,
        student_no=student.student_no,
        birth_day=student.birth_day if sees_card else None,
        state=student.state,
        is_boarding=student.is_boarding if sees_card else None,
        homeroom_name=homeroom_name,
        categories=categories.get(student.id, ()),
        needs_care=student.id in in_care,
    )
