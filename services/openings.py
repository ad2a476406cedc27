"""What somebody opened is noted once in a while: not a line for every click."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, SQLModel, col, select

from db.audit_chain import COLLECTED, Note
from db.tables import AuditEvent
from services import audit, clock
from services.actors import Actor

NOTED_ONCE_IN = timedelta(minutes=30)


def is_noted(
    session: Session,
    actor: Actor,
    action: audit.Action,
    *,
    student_id: int | None = None,
    record: tuple[type[SQLModel], int] | None = None,
) -> bool:
    """Say whether the actor's opening is noted within 30 minutes, in the chain or by this same transaction.

    A child's file is found by the child; a referral or case by its own number: its child may be matched meanwhile.
    """
    if waits_to_be_noted(session, actor, action, student_id=student_id, record=record):
        return True
    return bool(session.exec(select(noted(actor, action, student_id=student_id, record=record))).one())


def waits_to_be_noted(
    session: Session,
    actor: Actor,
    action: audit.Action,
    *,
    student_id: int | None = None,
    record: tuple[type[SQLModel], int] | None = None,
) -> bool:
    """Say whether this transaction will note the opening at its end."""
    table, row_id = _named(record)
    waiting: list[Note] = session.info.get(COLLECTED, [])
    return any(
        (note.action, note.actor_id) == (action.value, actor.user_id)
        and ((note.target_table, note.target_id) == (table, row_id) if record else note.student_id == student_id)
        for note in waiting
    )


def noted(
    actor: Actor,
    action: audit.Action,
    *,
    student_id: int | None = None,
    record: tuple[type[SQLModel], int] | None = None,
) -> ColumnElement[bool]:
    """Return the condition that the chain holds the actor's opening of the last 30 minutes, for a larger query."""
    table, row_id = _named(record)
    about = (
        [AuditEvent.target_table == table, AuditEvent.target_id == row_id]
        if record
        else [AuditEvent.student_id == student_id]
    )
    return (
        select(AuditEvent.seq)
        .where(
            AuditEvent.action == action.value,
            AuditEvent.actor_id == actor.user_id,
            AuditEvent.at > clock.now() - NOTED_ONCE_IN,
            *about,
        )
        .exists()
    )


def noted_of(actor: Actor, action: audit.Action, table: type[SQLModel], row_id: Any) -> ColumnElement[bool]:
    """Return the same for a record that is a row of the larger query; `row_id` is its column."""
    return (
        select(AuditEvent.seq)
        .where(
            AuditEvent.action == action.value,
            AuditEvent.actor_id == actor.user_id,
            AuditEvent.at > clock.now() - NOTED_ONCE_IN,
            AuditEvent.target_table == str(table.__tablename__),
            col(AuditEvent.target_id) == row_id,
        )
        .correlate(table)
        .exists()
    )


def _named(record: tuple[type[SQLModel], int] | None) -> tuple[str | None, int | None]:
    return (str(record[0].__tablename__), record[1]) if record else (None, None)
