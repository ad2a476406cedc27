"""Taking a change of year back as a whole: old classes, teachers and states as they were before."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Table, delete, select, update
from sqlmodel import Session, col

from db.tables import (
    METADATA,
    ClassTeacherKind,
    DropOut,
    ImportAction,
    YearChange,
)
from services.errors import DomainError
from services.year_rows import CHANGE, CLASS, NOTE, STAY, STUDENT, TEACHER, chunks


class YearUndoBlocked(DomainError):
    """The change can't be taken back: of these children something was said since: a class, a state, how it ended."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(len(names))
        self.names = names


class Undoer:
    """Takes a change back, unless a child has been moved or has left since."""

    def __init__(self, session: Session, change: YearChange) -> None:
        self.session = session
        self.change = change

    def run(self) -> None:
        """Remove what was created, reopen what was ended, and let who left be here again."""
        if names := self._touched():
            raise YearUndoBlocked(names)
        self._bring_back()
        for table in (CHANGE, STAY, TEACHER):
            self.session.execute(delete(table).where(table.c.id.in_(self._rows(table, ImportAction.CREATED))))
        for table in (STAY, TEACHER):
            self.session.execute(
                update(table)
                .where(table.c.id.in_(self._rows(table, ImportAction.CHANGED)), *self._may_reopen(table))
                .values(to_day=None)
            )
        self.session.execute(
            delete(CLASS).where(CLASS.c.id.in_(self._rows(CLASS, ImportAction.CREATED)), *_unused(CLASS))
        )
        self.session.execute(delete(NOTE).where(NOTE.c.change_id == self.change.id))
        self.session.expire_all()

    def _rows(self, table: Table, action: ImportAction) -> Any:  # a select of ids
        return select(NOTE.c.row_id).where(
            NOTE.c.change_id == self.change.id, NOTE.c.table_name == table.name, NOTE.c.action == action
        )

    def _touched(self) -> tuple[str, ...]:
        """Return who is elsewhere than the change put it: in another class, gone, or here again."""
        lines = select(CHANGE.c.student_id, CHANGE.c.to_state).where(
            CHANGE.c.id.in_(self._rows(CHANGE, ImportAction.CREATED))
        )
        left = lines.subquery()
        came_back = (
            select(STUDENT.c.name)
            .join(left, left.c.student_id == STUDENT.c.id)
            .where(STUDENT.c.state != left.c.to_state)
        )
        moved_on = (
            select(STUDENT.c.name)
            .join(STAY, STAY.c.student_id == STUDENT.c.id)
            .where(STAY.c.id.in_(self._rows(STAY, ImportAction.CREATED)), STAY.c.to_day.is_not(None))
        )
        old = select(STAY.c.student_id).where(STAY.c.id.in_(self._rows(STAY, ImportAction.CHANGED)))
        new_place = (
            select(STUDENT.c.name)
            .join(STAY, STAY.c.student_id == STUDENT.c.id)
            .where(
                STUDENT.c.id.in_(old),
                STAY.c.to_day.is_(None),
                STAY.c.id.not_in(self._rows(STAY, ImportAction.CREATED)),
            )
        )
        asked = (came_back, moved_on, new_place, self._merged(), self._no_longer_followed(left))
        return tuple(sorted({name for each in asked for name in self.session.execute(each).scalars()}))

    def _merged(self) -> Any:  # a select of names
        """Whose two entries became one since: which class was whose can't be told apart."""
        other = STUDENT.alias()
        noted = self._rows(STAY, ImportAction.CREATED).union_all(self._rows(STAY, ImportAction.CHANGED))
        return (
            select(STUDENT.c.name)
            .join(other, other.c.merged_into_id == STUDENT.c.id)
            .where(
                other.c.merged_at >= self.change.made_at,
                STUDENT.c.id.in_(select(STAY.c.student_id).where(STAY.c.id.in_(noted))),
            )
        )

    def _no_longer_followed(self, left: Any) -> Any:  # a subquery of who left; a select of names
        """Who stayed away when the change let it go, and of whom somebody said since how that ended."""
        return (
            select(STUDENT.c.name)
            .join(left, left.c.student_id == STUDENT.c.id)
            .where(
                select(col(DropOut.id))
                .where(STUDENT.c.id == col(DropOut.student_id), col(DropOut.closed_at) >= self.change.made_at)
                .exists()
            )
        )

    def _bring_back(self) -> None:
        lines = self.session.execute(
            select(CHANGE.c.student_id, CHANGE.c.from_state).where(
                CHANGE.c.id.in_(self._rows(CHANGE, ImportAction.CREATED))
            )
        ).all()
        for state in {row.from_state for row in lines}:
            for chunk in chunks([row.student_id for row in lines if row.from_state == state]):
                self.session.execute(
                    update(STUDENT)
                    .where(STUDENT.c.id.in_(chunk))
                    .values(state=state, left_on=None, version=STUDENT.c.version + 1)
                )

    def _may_reopen(self, table: Table) -> list[Any]:
        """A class whose homeroom teacher was named anew meanwhile keeps the new one."""
        if table is not TEACHER:
            return []
        other = TEACHER.alias()
        named = select(other.c.class_id).where(other.c.kind == ClassTeacherKind.HOMEROOM, other.c.to_day.is_(None))
        return [(TEACHER.c.kind != ClassTeacherKind.HOMEROOM) | TEACHER.c.class_id.not_in(named)]


def _unused(target: Table) -> Iterator[Any]:
    """Yield a condition for each table that may point at a row: that it does not."""
    for table in METADATA.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is target:
                yield ~select(key.parent).where(key.parent == target.c.id).exists()
