"""What somebody opened is noted once in a while: not a line for every click."""

from datetime import timedelta

from sqlmodel import Session, select

from db.audit_chain import COLLECTED, Note
from db.tables import AuditEvent, Document, Referral
from services import audit, clock
from services.actors import Actor

NOTED_ONCE_IN = timedelta(minutes=30)


def is_noted(
    session: Session,
    actor: Actor,
    action: audit.Action,
    *,
    student_id: int | None = None,
    referral_id: int | None = None,
    document_id: int | None = None,
) -> bool:
    """Say whether the actor's opening is noted within 30 minutes, in the chain or by this same transaction.

    A child's file is found by the child, a referral by its own number: its child may be matched meanwhile.
    """
    target_id = referral_id if referral_id is not None else document_id
    waiting: list[Note] = session.info.get(COLLECTED, [])
    if any(
        (note.action, note.actor_id) == (action.value, actor.user_id)
        and (note.target_id == target_id if target_id is not None else note.student_id == student_id)
        for note in waiting
    ):
        return True
    table = str((Referral if referral_id is not None else Document).__tablename__)
    about = (
        [AuditEvent.target_table == table, AuditEvent.target_id == target_id]
        if target_id is not None
        else [AuditEvent.student_id == student_id]
    )
    return (
        session.exec(
            select(AuditEvent.seq).where(
                AuditEvent.action == action.value,
                AuditEvent.actor_id == actor.user_id,
                AuditEvent.at > clock.now() - NOTED_ONCE_IN,
                *about,
            )
        ).first()
        is not None
    )
