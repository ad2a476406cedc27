"""The hand-in-hand register of a class (手拉手登记表): which child has which friends and helpers (J-10, J-11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlmodel import Session, col, select

from db.tables import CategoryKind, ClassMembership, PairingRole, SchoolClass, Student, StudentCategory
from services import audit, clock
from services.access import Permission, acting_for, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.classes import class_label
from services.errors import FieldErrors, NotFound, Problem
from services.exchange.grids import Cell
from services.exchange.writing import SheetOut, write_sheets
from services.pairing.friends import COLUMNS, Friend, read_friends
from services.pairing.sight import sees_pairs_of
from services.student_exports import ExportPurpose, export_notes
from services.students import LEFT_SCHOOL


@dataclass(frozen=True, slots=True)
class HandInHand:
    """The registers, already noted; `content` is slow, so it belongs outside the transaction."""

    sheets: tuple[SheetOut, ...]
    children: int
    scope_label: str

    def content(self) -> bytes:
        """Return the file: one sheet a class."""
        return write_sheets(self.sheets)


@permitted(Permission.STUDENT_EXPORT)
def export_hand_in_hand(
    session: Session, actor: Actor, *, class_id: int | None, purpose: ExportPurpose | None
) -> HandInHand:
    """Return the register of one class, or of every class this actor may export, a sheet each.

    In it is every left-behind child, whether it has a friend or not, and every other child that has one.

    Raises:
        NotFound: there is no such class this year, or it is not this actor's.
        FieldErrors: no purpose is given.
    """
    if purpose is None:
        raise FieldErrors({"purpose": Problem("required")})
    pupils = _pupils(session, acting_for(actor, Permission.STUDENT_EXPORT), class_id)
    if not pupils and class_id is not None:
        raise NotFound
    friends = read_friends(session, actor, [row.id for row in pupils], roles=[PairingRole.BUDDY])
    listed = [row for row in pupils if row.is_left_behind or friends.get(row.id)]
    audit.record(
        session, actor, audit.Action.EXPORT_MADE,
        list="hand_in_hand", purpose=purpose.value, form="xlsx", count=len(listed), class_id=class_id,
    )  # fmt: skip
    notes = export_notes(actor, purpose, len(listed))
    sheets = [
        (class_label(grade, number), ("序号", "姓名", "情况", *COLUMNS), _lines(list(rows), friends), notes)
        for (grade, number), rows in groupby(listed, key=lambda row: (row.grade, row.number))
    ]
    label = class_label(pupils[0].grade, pupils[0].number) if class_id is not None else "各班"
    if not sheets:
        sheets = [(label, ("序号", "姓名", "情况", *COLUMNS), [], notes)]
    return HandInHand(tuple(sheets), len(listed), label)


def _pupils(session: Session, exporter: Actor, class_id: int | None) -> Sequence[Any]:  # rows as labelled below
    year = current_school_year(load_calendar(session), clock.today())
    left_behind = select(StudentCategory.student_id).where(
        StudentCategory.kind == CategoryKind.LEFT_BEHIND, col(StudentCategory.to_day).is_(None)
    )
    columns: list[Any] = [  # more than the stubs of select can type
        col(Student.id).label("id"),
        col(Student.name).label("name"),
        SchoolClass.grade,
        SchoolClass.number,
        col(Student.id).in_(left_behind).label("is_left_behind"),
    ]
    statement = (
        select(*columns)
        .join(ClassMembership, col(ClassMembership.student_id) == col(Student.id))
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .where(
            SchoolClass.school_year == year,
            col(ClassMembership.to_day).is_(None),
            col(Student.state).not_in(LEFT_SCHOOL),
            sees_pairs_of(exporter),
        )
        .order_by(col(SchoolClass.grade), col(SchoolClass.number), col(Student.name_order), col(Student.id))
    )
    if class_id is not None:
        statement = statement.where(col(ClassMembership.class_id) == class_id)
    return session.execute(statement).all()


def _lines(rows: Sequence[Any], friends: Mapping[int, Sequence[Friend]]) -> list[Sequence[Cell]]:
    """Return a line for each friend; the child's own cells stand on its first one."""
    found: list[Sequence[Cell]] = []
    for place, row in enumerate(rows, start=1):
        about: tuple[Cell, ...] = (place, row.name, "留守" if row.is_left_behind else None)
        lines = [each.cells for each in friends.get(row.id, ())] or [(None,) * len(COLUMNS)]
        found += [(*(about if at == 0 else (None,) * len(about)), *cells) for at, cells in enumerate(lines)]
    return found
