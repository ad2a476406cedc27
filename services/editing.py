"""Two editors: an edit carries the version its form was drawn from."""

from typing import Protocol, TypeVar, cast

from sqlmodel import Session, SQLModel, col, select

from db.tables import AppUser, AuditEvent
from services import audit
from services.errors import EditedMeanwhile, NotFound

Row = TypeVar("Row", bound=SQLModel)


class _Versioned(Protocol):
    version: int


def lock_version(session: Session, table: type[Row], row_id: int, *, version: int) -> Row:
    """Lock a row for editing and raise its version; only if it is still the one the form was drawn from.

    Raises:
        NotFound: there is no such row.
        EditedMeanwhile: somebody saved it since.
    """
    # Not the strongest lock: on PostgreSQL two who both hold that a child is there would wait for each other (seen).
    row = session.get(table, row_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        raise NotFound
    versioned = cast("_Versioned", row)
    if versioned.version != version:
        raise EditedMeanwhile(row)
    versioned.version += 1
    session.add(row)
    return row


def last_editor(session: Session, row: SQLModel) -> str | None:
    """Return the name of who last wrote a record, as the audit events tell; None for the command line."""
    return session.exec(
        select(AppUser.display_name)
        .join(AuditEvent, col(AuditEvent.actor_id) == col(AppUser.id))
        .where(
            AuditEvent.target_table == str(row.__tablename__),
            AuditEvent.target_id == getattr(row, "id", None),
            col(AuditEvent.action).not_in([action.value for action in audit.LOOKED_AT]),
        )
        .order_by(col(AuditEvent.seq).desc())
        .limit(1)
    ).first()


def changed_fields(row: SQLModel, values: dict[str, object]) -> list[str]:
    """Put values into a row and return the names of the fields that changed, for the audit event."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed
