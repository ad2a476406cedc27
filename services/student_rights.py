"""Which children an actor may write."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from db.tables import ClassTeacher, Student
from db.transactions import reads_only
from services.access import HOLDERS, Permission, Scope, Subject, scopes_of
from services.actors import Actor
from services.errors import NotAllowed, NotFound
from services.row_filters import classes_of, sees_students


@dataclass(frozen=True, slots=True)
class WritableStudents:
    """The children an actor may write by the roles that hold a permission: all, or those of the own class."""

    actor: Actor
    is_everything: bool

    @property
    def condition(self) -> ColumnElement[bool]:
        """The row filter on Student."""
        return sees_students(self.actor)

    def covers_class(self, session: Session, class_id: int) -> bool:
        """Say whether children may be put into this class."""
        if self.is_everything:
            return True
        return session.exec(classes_of(self.actor).where(ClassTeacher.class_id == class_id)).first() is not None


def ids_of(student_id: int):  # type: ignore[no-untyped-def]  # a Select
    """Return the ids under which a child is known: its own, and those of entries merged into it."""
    return select(Student.id).where(or_(col(Student.id) == student_id, col(Student.merged_into_id) == student_id))


def writes_students(actor: Actor, permission: Permission = Permission.STUDENT_WRITE) -> WritableStudents:
    """Return which children the actor may write. Seeing a child by another role (teaching it) does not count."""
    writer = replace(actor, roles=actor.roles & HOLDERS[permission], by_post_only=True)
    return WritableStudents(writer, Scope.ALL in scopes_of(writer, Subject.IDENTITY))


def still_there(session: Session, statement: Any) -> Any:  # a select of Student, with whatever beside it
    """Hold a child that is read before something is written about it: one that is merged meanwhile is not found."""
    return statement if reads_only(session) else statement.with_for_update(read=True, key_share=True, of=Student)


def require_writable(
    session: Session, actor: Actor, student_id: int, permission: Permission = Permission.STUDENT_WRITE
) -> None:
    """Refuse a child the actor may not write.

    Raises:
        NotFound: there is no such child, or the actor may not see it.
        NotAllowed: the actor may see it, not write it.
    """
    writable = writes_students(actor, permission).condition
    found = select(Student.id, writable.label("is_writable")).where(Student.id == student_id, sees_students(actor))
    row = session.exec(still_there(session, found)).first()
    if row is None:
        raise NotFound
    if not row[1]:
        raise NotAllowed
