"""Two editors: an edit carries the version its form was drawn from."""

from typing import Protocol, TypeVar, cast

from sqlmodel import Session, SQLModel

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
    row = session.get(table, row_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    versioned = cast("_Versioned", row)
    if versioned.version != version:
        raise EditedMeanwhile(row)
    versioned.version += 1
    session.add(row)
    return row


def changed_fields(row: SQLModel, values: dict[str, object]) -> list[str]:
    """Put values into a row and return the names of the fields that changed, for the audit event."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed
