"""Children whom nobody helps yet, as a list: left-behind, special and poor children first (J-01, J-12)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case
from sqlmodel import Session, col, func, select

from db.tables import (
    ClassMembership,
    EnrolmentState,
    Pairing,
    PairingRole,
    SchoolClass,
    Student,
    StudentCategory,
)
from services import clock
from services.access import Permission, acting_for, permitted
from services.actors import Actor
from services.paging import page_there
from services.pairing.rules import holds_place, is_running
from services.pairing.sight import sees_pairs_of
from services.student_lists import GROUP_OF, CategoryGroup, ClassName, list_register_classes
from services.students import is_in_class, shown_class

PAGE_SIZE = 15


@dataclass(frozen=True, slots=True)
class WaitingFilters:
    """Which children: without anybody at all, or without somebody of one kind."""

    role: PairingRole | None = None
    grade: int | None = None
    class_id: int | None = None
    group: CategoryGroup | None = None


@dataclass(frozen=True, slots=True)
class WaitingChild:
    """A child that waits, with whom it does have (somebody of one kind may be missing only), and who comes later."""

    student_id: int
    name: str
    class_label: str
    groups: tuple[CategoryGroup, ...]
    roles: tuple[PairingRole, ...]
    agreed: tuple[tuple[PairingRole, date], ...]  # pairs to begin on a later day, the soonest first


@dataclass(frozen=True, slots=True)
class WaitingCount:
    """How many wait, and how many of a wider view each group would leave; a child may be in several."""

    total: int
    everybody: int
    by_group: dict[CategoryGroup, int]


@permitted(Permission.PAIRING_READ)
def list_pair_classes(session: Session, actor: Actor) -> list[ClassName]:
    """Return the classes of this school year whose pairs the actor reads; one statement."""
    return list_register_classes(session, acting_for(actor, Permission.PAIRING_READ))


@permitted(Permission.PAIRING_READ)
def count_waiting(session: Session, actor: Actor, *, filters: WaitingFilters) -> WaitingCount:
    """Return how many children wait; one statement."""
    sums: list[Any] = [func.coalesce(func.sum(case((in_group(each), 1), else_=0)), 0) for each in CategoryGroup]
    row = session.execute(
        _in_classes(select(func.count(col(Student.id)), *sums), filters).where(*_waits(actor, filters))
    ).one()
    by_group = dict(zip(CategoryGroup, row[1:], strict=True))
    return WaitingCount(row[0] if filters.group is None else by_group[filters.group], row[0], by_group)


@permitted(Permission.PAIRING_READ)
def list_waiting(
    session: Session, actor: Actor, *, filters: WaitingFilters, page: int, total: int, page_size: int = PAGE_SIZE
) -> list[WaitingChild]:
    """Return one page of those who wait: who has nobody first, of these who needs it most; three statements."""
    number = page_there(page, total=total, page_size=page_size)
    wanted = [*_waits(actor, filters), *([in_group(filters.group)] if filters.group else [])]
    columns: list[Any] = [Student.id, Student.name, Student.state, SchoolClass.grade, SchoolClass.number]
    rows = session.execute(
        _in_classes(select(*columns), filters, always=True)
        .where(*wanted)
        .order_by(
            case((_is_paired(), 1), else_=0),
            case((in_group(*CategoryGroup), 0), else_=1),
            col(SchoolClass.grade),
            col(SchoolClass.number),
            col(Student.name_order),
            col(Student.id),
        )
        .limit(page_size)
        .offset((number - 1) * page_size)
    ).all()
    ids = [row.id for row in rows]
    groups, pairs, today = _groups_of(session, ids), _pairs_of(session, ids), clock.today()
    return [
        WaitingChild(
            student_id=row.id,
            name=row.name,
            class_label=shown_class(row.grade, row.number, row.state),
            groups=tuple(each for each in CategoryGroup if each in groups[row.id]),
            roles=tuple(each for each in PairingRole if each in {role for role, day in pairs[row.id] if day <= today}),
            agreed=tuple((role, day) for role, day in pairs[row.id] if day > today),
        )
        for row in rows
    ]


def is_without(role: PairingRole | None) -> ColumnElement[bool]:
    """Return the filter on Student: nobody helps it today, or nobody of this kind."""
    return ~_is_paired(role)


def at_school() -> ColumnElement[bool]:
    """Return the filter on Student: who is here, and could have somebody."""
    return col(Student.state) == EnrolmentState.ENROLLED


def _is_paired(role: PairingRole | None = None) -> ColumnElement[bool]:
    paired = select(Pairing.student_id).where(is_running(clock.today()))
    if role is not None:
        paired = paired.where(Pairing.role == role)
    return col(Student.id).in_(paired)


def in_group(*groups: CategoryGroup) -> ColumnElement[bool]:
    """Return the filter on children in any of these groups now."""
    kinds = [kind for kind, group in GROUP_OF.items() if group in groups]
    open_now = select(StudentCategory.student_id).where(
        col(StudentCategory.kind).in_(kinds), col(StudentCategory.to_day).is_(None)
    )
    return col(Student.id).in_(open_now)


def in_place(grade: int | None, class_id: int | None) -> Sequence[ColumnElement[bool]]:
    """Return the filters on who is in a grade or class now; join the open membership and its class."""
    wanted = []
    if grade is not None:
        wanted.append(col(SchoolClass.grade) == grade)
    if class_id is not None:
        wanted.append(col(SchoolClass.id) == class_id)
    return wanted


def _in_classes(statement: Any, filters: WaitingFilters, *, always: bool = False) -> Any:
    found = statement.select_from(Student)
    if not always and filters.grade is None and filters.class_id is None:
        return found
    found = found.join(ClassMembership, is_in_class(), isouter=True)
    return found.join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)


def _waits(actor: Actor, filters: WaitingFilters) -> Sequence[ColumnElement[bool]]:
    return sees_pairs_of(actor), at_school(), is_without(filters.role), *in_place(filters.grade, filters.class_id)


def _groups_of(session: Session, student_ids: Sequence[int]) -> dict[int, set[CategoryGroup]]:
    found: dict[int, set[CategoryGroup]] = defaultdict(set)
    rows = session.execute(
        select(StudentCategory.student_id, StudentCategory.kind).where(
            col(StudentCategory.student_id).in_(student_ids), col(StudentCategory.to_day).is_(None)
        )
    )
    for student_id, kind in rows:
        if kind in GROUP_OF:
            found[student_id].add(GROUP_OF[kind])
    return found


def _pairs_of(session: Session, student_ids: Sequence[int]) -> dict[int, list[tuple[PairingRole, date]]]:
    found: dict[int, list[tuple[PairingRole, date]]] = defaultdict(list)
    columns: list[Any] = [Pairing.student_id, Pairing.role, Pairing.from_day]
    rows = session.execute(
        select(*columns)
        .where(col(Pairing.student_id).in_(student_ids), holds_place(clock.today()))
        .order_by(col(Pairing.from_day), col(Pairing.id))
    )
    for student_id, role, day in rows:
        found[student_id].append((role, day))
    return found
